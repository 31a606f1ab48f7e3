"""Money in 128 bits: price x size of two 63-bit integers, and sums of them, never wrap unseen."""

cdef extern from *:
    """
    typedef __int128 mm_int128;
    static inline int mm_add_int64(long long a, long long b, long long* sum) {
        return __builtin_add_overflow(a, b, sum);
    }
    static inline int mm_add_int128(mm_int128 a, mm_int128 b, mm_int128* sum) {
        return __builtin_add_overflow(a, b, sum);
    }
    static inline int mm_fits_int64(mm_int128 value) { return value == (mm_int128)(long long)value; }
    static inline long long mm_high(mm_int128 value) { return (long long)(value >> 64); }
    static inline unsigned long long mm_low(mm_int128 value) { return (unsigned long long)value; }
    """
    # Cython needs a rank only; the C compiler knows the true width.
    ctypedef long long mm_int128
    bint mm_add_int64(long long a, long long b, long long* sum) noexcept
    bint mm_add_int128(mm_int128 a, mm_int128 b, mm_int128* sum) noexcept
    bint mm_fits_int64(mm_int128 value) noexcept
    long long mm_high(mm_int128 value) noexcept
    unsigned long long mm_low(mm_int128 value) noexcept


cdef inline mm_int128 from_int(value) except? -1:
    """The lowest 128 bits."""
    return (<mm_int128><long long>(value >> 64) << 64) | <unsigned long long>(value & 0xFFFFFFFFFFFFFFFF)


cdef inline object as_int(mm_int128 value):
    if mm_fits_int64(value):
        return <long long>value
    return (<object>mm_high(value) << 64) | mm_low(value)
