// 128-bit division, which the compiler calls for full-width quotients. One bit a step; only
// conversions of times need it.

typedef unsigned __int128 wide;

wide __udivti3(wide dividend, wide divisor) {
  if (dividend >> 64 == 0 && divisor >> 64 == 0)
    return (unsigned long)dividend / (unsigned long)divisor;
  wide quotient = 0, rest = 0;
  for (int bit = 127; bit >= 0; bit--) {
    rest = rest << 1 | (dividend >> bit & 1);
    if (rest >= divisor) {
      rest -= divisor;
      quotient |= (wide)1 << bit;
    }
  }
  return quotient;
}
