"""The promises, one file an area, one function a promise."""
