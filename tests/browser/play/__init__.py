"""Consilium from link to goodbye as a play: real server, real browser, real flows, and somebody who looks at every scene.

`tools/screenshots.py` photographs the scenes, `test_axe.py` inspects them. Each act is played once in each language.
"""
