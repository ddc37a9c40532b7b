"""The demo: two simulated days go through the platform, and what became of them is shown.

The only package that uses both the simulator and the platform. It is not in the image.
"""
