"""The Grafana boards, generated: `python -m monitoring.grafana.build` writes boards/, which is what Grafana reads."""
