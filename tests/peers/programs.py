"""Programs that a test with a real server needs."""

import os
import shutil
import subprocess

import pytest


def need(program: str, package: str) -> str:
    """The program's path. As root on Debian it is installed; otherwise the test is skipped."""
    if not shutil.which(program) and os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        install = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", package]
        subprocess.run(["apt-get", "update", "--quiet"], env=environment, check=False, capture_output=True)
        subprocess.run(install, env=environment, check=False, capture_output=True)
    return shutil.which(program) or pytest.skip(f"{program} is missing: apt-get install {package}")
