/* Work for a test in C: sorting by function pointers, recursion, bulk memory. */
typedef unsigned int u32;
typedef unsigned long long u64;

static u32 numbers[4096], copy[4096];
static u64 state;

static u32 next(void) { return (u32)((state = state * 6364136223846793005ull + 1442695040888963407ull) >> 33); }
static int up(u32 a, u32 b) { return a < b; }
static int down(u32 a, u32 b) { return a > b; }
static int (*const orders[])(u32, u32) = {up, down};

static void sort(u32 *a, int n, int (*before)(u32, u32)) {
    if (n < 2) return;
    u32 pivot = a[n / 2];
    int i = 0, j = n - 1;
    for (;; i++, j--) {
        while (before(a[i], pivot)) i++;
        while (before(pivot, a[j])) j--;
        if (i >= j) break;
        u32 t = a[i];
        a[i] = a[j];
        a[j] = t;
    }
    sort(a, i, before);
    sort(a + i, n - i, before);
}

static u64 ackermann(u64 m, u64 n) { return m == 0 ? n + 1 : n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1)); }

__attribute__((export_name("work"))) u64 work(u32 n) {
    u64 sum = ackermann(2, n % 40);
    for (u32 round = 0; round < n; round++) {
        for (u32 i = 0; i < 4096; i++) numbers[i] = next();
        sort(numbers, 4096, orders[round % 2]);
        __builtin_memcpy(copy, numbers, sizeof copy);
        __builtin_memset(numbers, (int)round, sizeof numbers / 2);
        for (u32 i = 0; i < 4096; i++) sum = sum * 31 + copy[i] + numbers[i];
        switch (sum % 7) {
        case 0: sum ^= n; break;
        case 1: case 2: sum += sum >> 7; break;
        case 3: return sum;
        default: sum -= round;
        }
    }
    double d = 1;
    for (u32 i = 1; i < 1000; i++) d = d * 1.0001 + 1.0 / i;
    return sum + (u64)(long long)(d * 1e6);
}
