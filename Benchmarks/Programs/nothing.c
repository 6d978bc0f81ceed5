// A program that ends at once: for figures that a module makes before it begins.
int main(void) { return 0; }
