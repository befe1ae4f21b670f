"""The packet loop as an executable specification: what media/plane/native does in C, said in Python and tried against it."""
