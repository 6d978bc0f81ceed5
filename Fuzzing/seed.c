// A program with every kind of segment, for the fuzzer to begin from.
const char text[] = "constant";
int data = 1, bss[3000];
void _start(void) { bss[data] = text[0]; for (;;) ; }
