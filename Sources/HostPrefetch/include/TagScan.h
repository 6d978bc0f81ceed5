#ifndef TAG_SCAN_H
#define TAG_SCAN_H

#include <stdint.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

// A set's tags of 32 bits, 4, 8 or 16 of them, aligned to their own size: all of them compared, or
// moved by one, without a branch for each.

#if defined(__SSE2__)

#define TAG_EQUAL(tags, part) \
  _mm_cmpeq_epi32( \
    _mm_and_si128(_mm_load_si128((const __m128i *)(tags) + (part)), _mm_set1_epi32(~1)), \
    _mm_set1_epi32((int)wanted))

static inline int tagFirst(int mask) { return mask ? __builtin_ctz((unsigned)mask) : -1; }

/// The way whose tag, but for its lowest bit, is `wanted`; -1 for none.
static inline int tagWay4(const uint32_t *_Nonnull tags, uint32_t wanted) {
  return tagFirst(_mm_movemask_ps(_mm_castsi128_ps(TAG_EQUAL(tags, 0))));
}

static inline int tagWay8(const uint32_t *_Nonnull tags, uint32_t wanted) {
  __m128i equal = _mm_packs_epi32(TAG_EQUAL(tags, 0), TAG_EQUAL(tags, 1));
  return tagFirst(_mm_movemask_epi8(_mm_packs_epi16(equal, _mm_setzero_si128())));
}

static inline int tagWay16(const uint32_t *_Nonnull tags, uint32_t wanted) {
  __m128i low = _mm_packs_epi32(TAG_EQUAL(tags, 0), TAG_EQUAL(tags, 1));
  __m128i high = _mm_packs_epi32(TAG_EQUAL(tags, 2), TAG_EQUAL(tags, 3));
  return tagFirst(_mm_movemask_epi8(_mm_packs_epi16(low, high)));
}

static inline void tagPushPart(uint32_t *_Nonnull tags, __m128i before, int part, int through) {
  __m128i *place = (__m128i *)tags + part;
  __m128i lanes = _mm_add_epi32(_mm_set_epi32(3, 2, 1, 0), _mm_set1_epi32(4 * part));
  __m128i stays = _mm_cmpgt_epi32(lanes, _mm_set1_epi32(through));
  __m128i old = _mm_load_si128(place);
  _mm_store_si128(
    place, _mm_or_si128(_mm_and_si128(stays, old), _mm_andnot_si128(stays, before)));
}

// Nothing before the set is read: it would be another line of the host.
#define TAG_FIRST(tags) _mm_slli_si128(_mm_load_si128((const __m128i *)(tags)), 4)
#define TAG_BEFORE(tags, part) _mm_loadu_si128((const __m128i *)((tags) + 4 * (part) - 1))

/// Moves the ways before `through` by one, over it, and puts `entry` first.
static inline void tagPush4(uint32_t *_Nonnull tags, uint32_t entry, int through) {
  tagPushPart(tags, TAG_FIRST(tags), 0, through);
  tags[0] = entry;
}

/// Moves every way by one, puts `entry` first, and gives back the last.
static inline uint32_t tagShift4(uint32_t *_Nonnull tags, uint32_t entry) {
  uint32_t last = tags[3];
  __m128i a = TAG_FIRST(tags);
  _mm_store_si128((__m128i *)tags, _mm_or_si128(a, _mm_cvtsi32_si128((int)entry)));
  return last;
}

static inline uint32_t tagShift8(uint32_t *_Nonnull tags, uint32_t entry) {
  uint32_t last = tags[7];
  __m128i a = TAG_FIRST(tags), b = TAG_BEFORE(tags, 1);
  _mm_store_si128((__m128i *)tags, _mm_or_si128(a, _mm_cvtsi32_si128((int)entry)));
  _mm_store_si128((__m128i *)tags + 1, b);
  return last;
}

static inline uint32_t tagShift16(uint32_t *_Nonnull tags, uint32_t entry) {
  uint32_t last = tags[15];
  __m128i a = TAG_FIRST(tags), b = TAG_BEFORE(tags, 1);
  __m128i c = TAG_BEFORE(tags, 2), d = TAG_BEFORE(tags, 3);
  _mm_store_si128((__m128i *)tags, _mm_or_si128(a, _mm_cvtsi32_si128((int)entry)));
  _mm_store_si128((__m128i *)tags + 1, b);
  _mm_store_si128((__m128i *)tags + 2, c);
  _mm_store_si128((__m128i *)tags + 3, d);
  return last;
}

static inline void tagPush8(uint32_t *_Nonnull tags, uint32_t entry, int through) {
  __m128i a = TAG_FIRST(tags), b = TAG_BEFORE(tags, 1);
  tagPushPart(tags, a, 0, through);
  tagPushPart(tags, b, 1, through);
  tags[0] = entry;
}

static inline void tagPush16(uint32_t *_Nonnull tags, uint32_t entry, int through) {
  __m128i a = TAG_FIRST(tags), b = TAG_BEFORE(tags, 1);
  __m128i c = TAG_BEFORE(tags, 2), d = TAG_BEFORE(tags, 3);
  tagPushPart(tags, a, 0, through);
  tagPushPart(tags, b, 1, through);
  tagPushPart(tags, c, 2, through);
  tagPushPart(tags, d, 3, through);
  tags[0] = entry;
}

#undef TAG_EQUAL
#undef TAG_FIRST
#undef TAG_BEFORE

#else

#define TAG_FUNCTIONS(count) \
  static inline int tagWay##count(const uint32_t *_Nonnull tags, uint32_t wanted) { \
    int found = -1; \
    for (int way = count - 1; way >= 0; way--) \
      found = (tags[way] & ~1u) == wanted ? way : found; \
    return found; \
  } \
  static inline void tagPush##count(uint32_t *_Nonnull tags, uint32_t entry, int through) { \
    uint32_t old[count]; \
    for (int way = 0; way < count; way++) old[way] = tags[way]; \
    for (int way = 1; way < count; way++) tags[way] = way > through ? old[way] : old[way - 1]; \
    tags[0] = entry; \
  } \
  static inline uint32_t tagShift##count(uint32_t *_Nonnull tags, uint32_t entry) { \
    uint32_t last = tags[count - 1]; \
    tagPush##count(tags, entry, count - 1); \
    return last; \
  }

TAG_FUNCTIONS(4)
TAG_FUNCTIONS(8)
TAG_FUNCTIONS(16)

#undef TAG_FUNCTIONS

#endif

/// The same for a set of `width` ways: 4, 8 or 16.
static inline int tagWay(const uint32_t *_Nonnull tags, uint32_t wanted, int width) {
  if (width == 4) return tagWay4(tags, wanted);
  return width == 8 ? tagWay8(tags, wanted) : tagWay16(tags, wanted);
}

static inline void tagPush(uint32_t *_Nonnull tags, uint32_t entry, int through, int width) {
  if (width == 4) {
    tagPush4(tags, entry, through);
  } else if (width == 8) {
    tagPush8(tags, entry, through);
  } else {
    tagPush16(tags, entry, through);
  }
}

static inline uint32_t tagShift(uint32_t *_Nonnull tags, uint32_t entry, int width) {
  if (width == 4) return tagShift4(tags, entry);
  return width == 8 ? tagShift8(tags, entry) : tagShift16(tags, entry);
}

#endif
