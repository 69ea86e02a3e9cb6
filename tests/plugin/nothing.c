/* A shared library that is no algorithm. */
int nothing_of_ours(void);
int nothing_of_ours(void) { return 0; }
