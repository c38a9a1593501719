/* A kernel for every thread of every block of a grid; it is given where its arguments lie. */
void run_grid(void (*function)(void **), int blocks_x, int blocks_y, int threads, void **arguments);
