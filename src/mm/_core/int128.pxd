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
    static inline int mm_mul_int128(mm_int128 a, mm_int128 b, mm_int128* product) {
        return __builtin_mul_overflow(a, b, product);
    }
    static inline int mm_fits_int64(mm_int128 value) { return value == (mm_int128)(long long)value; }
    static inline long long mm_high(mm_int128 value) { return (long long)(value >> 64); }
    static inline unsigned long long mm_low(mm_int128 value) { return (unsigned long long)value; }
    """
    # Cython needs a rank only; the C compiler knows the true width.
    ctypedef long long mm_int128
    bint mm_add_int64(long long a, long long b, long long* sum) noexcept
    bint mm_add_int128(mm_int128 a, mm_int128 b, mm_int128* sum) noexcept
    bint mm_mul_int128(mm_int128 a, mm_int128 b, mm_int128* product) noexcept
    bint mm_fits_int64(mm_int128 value) noexcept
    long long mm_high(mm_int128 value) noexcept
    unsigned long long mm_low(mm_int128 value) noexcept


cdef inline mm_int128 from_int(value) except? -1:
    """The lowest 128 bits."""
    return (<mm_int128><long long>(value >> 64) << 64) | <unsigned long long>(value & 0xFFFFFFFFFFFFFFFF)


cdef extern from "Python.h":
    long long PyLong_AsLongLongAndOverflow(object number, int* overflow) except? -1


cdef inline mm_int128 exact(value) except? -1:
    """A whole number in 128 bits. Raises OverflowError for one that has more."""
    cdef int overflow = 0
    cdef mm_int128 small = PyLong_AsLongLongAndOverflow(value, &overflow)
    # What is above the lowest 64 bits is taken as a number of 64 bits there, which raises when it is none.
    return from_int(value) if overflow else small


cdef inline mm_int128 sum_of(mm_int128 a, mm_int128 b) except? -1:
    """a + b. Raises OverflowError."""
    cdef mm_int128 total = 0
    if mm_add_int128(a, b, &total):
        raise OverflowError("a sum passes 128 bits")
    return total


cdef inline mm_int128 product_of(mm_int128 a, mm_int128 b) except? -1:
    """a x b. Raises OverflowError."""
    cdef mm_int128 product = 0
    if mm_mul_int128(a, b, &product):
        raise OverflowError("a product passes 128 bits")
    return product


cdef inline object as_int(mm_int128 value):
    if mm_fits_int64(value):
        return <long long>value
    return (<object>mm_high(value) << 64) | mm_low(value)
