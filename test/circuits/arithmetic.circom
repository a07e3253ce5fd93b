pragma circom 2.2.3;

// Every operation of the field that a witness generator has, for comparison of two generators; not for proving.
template Arithmetic() {
    signal input a;
    signal input b;
    signal output out[9];
    out[0] <-- a * b;
    out[1] <-- b == 0 ? 0 : a / b;
    out[2] <-- a ** 5;
    out[3] <-- a * a - b;
    out[4] <-- b == 0 ? 0 : a \ b;
    out[5] <-- b == 0 ? 0 : a % b;
    out[6] <-- (a >> 3) ^ (b & 255);
    out[7] <-- a < b ? a + b : -a;
    // A chain, so that Montgomery forms are operands too.
    out[8] <-- b == 0 ? a : (a * b + 1) * (a / b) * (a - b * b);
}

component main = Arithmetic();
