pragma circom 2.2.0;

include "./babyjub.circom";
include "./base8-multiply.circom";

/**
 * H, a point of the prime subgroup of which nobody knows the logarithm to B8:
 * 8 times the first point with y = keccak256("soulproof/timed/1:<i>") >> 8, i = 0, 1, …, and the smaller x.
 * A test derives it anew.
 */
function TIMED_H() {
    return [
        21807968127331803031272850053748033667458736867130306538951558216564262519843,
        18309526539442295799578850351911044337934913336041307846208388609548755340757
    ];
}

/**
 * The commitment P = k B8 + (1 - b) H to a bit: outside, knowledge of the logarithm of P to B8 shows that b is 1.
 *
 * P hides b, since k B8 is any point of the subgroup. Whoever knows k with b = 0 and k' with P = k' B8 knows
 * (k' - k) B8 = H. A k from l on names the same point as k - l and does no harm.
 *
 * @input k             below 2^252
 * @input b {binary}
 * @output out          Edwards form, in the prime subgroup
 */
template TimedBit() {
    signal input k;
    signal input {binary} b;
    signal output out[2];
    var H[2] = TIMED_H();
    // The identity (0, 1) for b = 1.
    out <== EdwardsAdd()(Base8Multiply()(Bits(252)(k)), [(1 - b) * H[0], b + (1 - b) * H[1]]);
}
