// registers EVERY WORDS: what a processor can be asked to do that it must not, each in a process
// of its own: wild stack pointers and program counters, every EVERYth system instruction, WORDS
// random instructions.
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static uint32_t *code;
static int ends[256];

static void inChild(void (*body)(uint64_t), uint64_t argument) {
  pid_t child = fork();
  if (child == 0) { body(argument); _exit(0); }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) { perror("fork"); exit(1); }
  ends[status & 0x7f]++;
}

// Executes one instruction, with x0 and x1 holding what it might use as addresses.
static void execute(uint32_t word, uint64_t value) {
  code[0] = word;
  code[1] = 0xd65f03c0;  // ret
  __builtin___clear_cache((char *)code, (char *)(code + 2));
  register uint64_t x0 asm("x0") = value, x1 asm("x1") = (uint64_t)code + 2048;
  register void *x9 asm("x9") = code;
  asm volatile("blr x9" : "+r"(x0), "+r"(x1) : "r"(x9)
               : "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x10", "x11", "x12", "x13", "x14", "x15",
                 "x16", "x17", "x30", "memory", "cc");
}
static void harmless(uint64_t word) { execute(word, 8); }
static void kernelwards(uint64_t word) { execute(word, 0xffff800008000000); }

static void stackFault(uint64_t sp) { asm volatile("mov sp, %0\n str xzr, [sp]" :: "r"(sp)); }
static void stackCalls(uint64_t sp) {
  asm volatile("mov x20, sp\n mov sp, %0\n mov x8, #172\n svc #0\n mov x8, #124\n svc #0\n mov sp, x20"
               :: "r"(sp) : "x0", "x8", "x20");
}
static void jump(uint64_t pc) { asm volatile("br %0" :: "r"(pc)); }
static void load(uint64_t address) { *(volatile uint64_t *)address; }
static void store(uint64_t address) { *(volatile uint64_t *)address = 1; }

static uint64_t state = 88172645463325252;
static uint64_t next(void) {
  state ^= state << 13; state ^= state >> 7; state ^= state << 17;
  return state;
}

int main(int argc, char **argv) {
  int every = argc > 1 ? atoi(argv[1]) : 64, words = argc > 2 ? atoi(argv[2]) : 500;
  code = mmap(0, 65536, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  uint64_t none = (uint64_t)mmap(0, 65536, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const uint64_t places[] = {
    0, 1, 2, 4, 8, 0xfff, 0x1001, 0x123456789, 0x7ffffffff8, 0x8000000000, 0x3fffffffff8, 0x40000000000,
    0x7fffffffffff, 0x800000000000, 0xfffffffffff1, 0xfffffffffff8, 0x1000000000000, 0x8000000000000000,
    0xffff000000000000, 0xffff800008000000, 0xffff80000800000f, 0xffffc00008000001, 0xfffffe0008000000,
    0xfffffdfffe7f9000, 0xfffffffffffffff8, 0xffffffffffffffff, 0xff00000000400000, 0x5500000000400001,
    none, none + 1, (uint64_t)code + 1, (uint64_t)code + 2, (uint64_t)places,
  };
  for (unsigned i = 0; i < sizeof places / sizeof *places; i++) {
    void (*const ways[])(uint64_t) = {stackFault, stackCalls, jump, load, store};
    for (int k = 0; k < 5; k++) inChild(ways[k], places[i]);
  }
  // SVC, HVC, SMC, BRK, HLT, DCPS, ERET, DRPS, WFE, WFI, exclusives and atomics askew, and so on.
  static const uint32_t special[] = {
    0xd4000001, 0xd4222221, 0xd41fffe1, 0xd4000002, 0xd4000003, 0xd4200000, 0xd4200020, 0xd420003f,
    0xd4400000, 0xd4a00001, 0xd4a00002, 0xd4a00003, 0xd69f03e0, 0xd6bf03e0, 0xd503207f, 0xd503205f,
    0xd503209f, 0xd508871f, 0xd5087620, 0xd5087e20, 0xd50b7a20, 0xd50b7420, 0xd50b7e20, 0xd50b7520,
    0, 0xffffffff, 0xc85f7c00, 0xc85ffc00, 0xc8dffc00, 0xf8200000, 0xc8a07c00, 0x48207c00, 0x0820fc00,
    0x1e620800, 0xdac10000, 0xd71f0bff, 0xd503233f, 0xd53bd060, 0xd51bd060, 0xd53be040, 0xd53be020,
    0xd53b0020, 0xd53b00e0, 0xd53b9c00, 0xd51b9c00, 0xd53b9d00, 0xd51b9e00, 0xd53be200, 0xd51be340,
    0xd5034fdf, 0xd5034fff, 0xd50040bf, 0xd500419f, 0xd51b4200, 0xd51b4220,
  };
  for (unsigned i = 0; i < sizeof special / sizeof *special; i++) {
    inChild(harmless, special[i]);
    inChild(kernelwards, special[i]);
  }
  for (uint32_t word = 0xd5000000; word < 0xd5400000; word += 32)
    if (next() % every == 0) inChild(next() & 1 ? harmless : kernelwards, word | (next() & 1 ? 31 : 0));
  for (int i = 0; i < words; i++) {
    uint32_t word = next();
    // Branches could go round for ever.
    if ((word & 0x7c000000) == 0x14000000 || (word & 0x7c000000) == 0x34000000 || word >> 24 == 0x54) continue;
    inChild(harmless, word);
  }
  for (int i = 0; i < 128; i++) if (ends[i]) printf("%d by %d, ", ends[i], i);
  printf("done\n");
  return 0;
}
