"""The viewer: recordings, play and dreams on a local web page, and the same panels as pictures."""
