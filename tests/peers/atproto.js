// A Bluesky PDS with a PLC directory of its own, both for this machine only. Says "ready" when they answer.
const net = require('node:net')
const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (port, ...rest) {
  const told = rest.filter((one) => typeof one === 'function')
  return listen.call(this, { port: Number(port), host: '127.0.0.1' }, ...told)
}
const { MockDatabase, PlcServer } = require('@did-plc/server')
const { PDS, envToCfg, envToSecrets, readEnv } = require('@atproto/pds')

async function main() {
  const plc = PlcServer.create({ db: new MockDatabase(), port: Number(process.env.PLC_PORT) })
  await plc.start()
  const env = readEnv()
  const pds = await PDS.create(envToCfg(env), envToSecrets(env))
  await pds.start()
  process.once('SIGTERM', () => process.exit(0))
  console.log('ready')
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
