"""To be written."""


def install():
    pass
