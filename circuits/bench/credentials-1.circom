pragma circom 2.2.0;

include "./credentials.circom";

component main {public [roots, min, max]} = Credentials(1, 1);
