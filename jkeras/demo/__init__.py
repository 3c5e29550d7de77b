"""The command ``jkeras demo``: a network learns to read handwritten digits, and a page in HTML shows what came out.

`network` is the script that the page prints, `command` runs it, `page` and `parts` write the page, ``style.css`` is its looks.
"""
