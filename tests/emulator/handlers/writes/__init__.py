"""The operations of `win_im_write`, by what they are about; each takes the server, the operation and check mode."""
