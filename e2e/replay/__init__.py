"""Sends recorded requests of third-party programs to a running installation, and compares what is answered.

`python -m replay` starts an installation, plays a file of recordings and says how many of the answers are what the
programs were answered then. Nothing here knows a single recording: what has to be there beforehand is read from the
recordings (`staging`), and what may differ is in one table with its reasons (`reviewed`).
"""
