pragma circom 2.2.3;

/**
 * The product of N factors: the smallest circuit that exercises every part of the Groth16 pipeline.
 *
 * @param N         number of factors, at least 2
 * @input  factors  free
 * @output product  product of all factors
 */
template Multiplier(N) {
  signal input factors[N];
  signal output product;

  signal partial[N];
  partial[0] <== factors[0];
  for (var i = 1; i < N; i++) {
    partial[i] <== partial[i - 1] * factors[i];
  }
  product <== partial[N - 1];
}

component main {public [factors]} = Multiplier(3);
