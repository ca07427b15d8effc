"""Changes that make a broken requirement hold, written in the file's own dialect and offered only after they were tried.

A fix is text until it is proven: the tree is read again with it, the requirement must hold then, no other may get worse, nothing new may
be found, and what it opens is compared with what was required.
"""
