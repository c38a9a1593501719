"""The kernels on a GPU, beside the read roof of its memory and other libraries."""
