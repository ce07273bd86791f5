/* The fp32 peak of one thread with AVX-512: gcc -O3 -mavx512f tests/bench/peak.c -o peak && ./peak */
#include <immintrin.h>
#include <stdio.h>
#include <time.h>

enum { CHAINS = 12, STEPS = 20000000, ROUNDS = 10 }; /* enough chains to hide the latency of a multiply-add */

int main(void) {
    double best = 0, sum = 0;
    for (int round = 0; round < ROUNDS; round++) {
        __m512 chain[CHAINS], factor = _mm512_set1_ps(0.999f), term = _mm512_set1_ps(0.001f);
        for (int i = 0; i < CHAINS; i++) chain[i] = _mm512_set1_ps((float)i);
        clock_t start = clock();
        for (long step = 0; step < STEPS; step++)
            for (int i = 0; i < CHAINS; i++) chain[i] = _mm512_fmadd_ps(chain[i], factor, term);
        double rate = 32.0 * CHAINS * STEPS / ((double)(clock() - start) / CLOCKS_PER_SEC) / 1e9;
        for (int i = 0; i < CHAINS; i++) sum += _mm512_reduce_add_ps(chain[i]); /* so that nothing is left out */
        if (rate > best) best = rate;
    }
    printf("%.0f GFLOP/s (%g)\n", best, sum);
    return 0;
}
