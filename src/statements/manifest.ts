// Written by scripts/build-circuits.ts; do not edit.
import type { Manifest } from '../manifest.js'

/** What is pinned about each statement's artifacts; the same as zkeys/manifest.json. */
export const MANIFEST: Manifest = {
  version: 1,
  toolchain:
    'circom2 0.2.23, --r1cs, --wasm, --sym, --O2, soulproof circuit 1, soulproof development key 1, soulproof witness generator 1',
  statements: {
    membership: {
      sourceHash: '0x61d16ea64297fca852ae841ca24785ae9fdd79efd16e79e0723a5b4c091f4c9a',
      constraints: 6662,
      wires: 6609,
      publicSignals: 6,
      provenance: { kind: 'development' },
      verificationKeyHash: '0xd0bbf321e797f6a6143c3a1ad463f4183290e9b659090979e8651d08b4151a5e',
      artifacts: {
        'membership.wasm': {
          bytes: 2906272,
          sha256: '0566df4eab2f26a3b5375ce7657fd69c102fafe8d1b04a9c6a5d8f8f5d27d9ce',
        },
        'membership.zkey': {
          bytes: 4107128,
          sha256: '7ed1b9b4f870cfed11b300a47551d50d96fcfb3fce5862e1e2405d4158faab86',
        },
        'membership.r1cs': {
          bytes: 3080968,
          sha256: '416827b1bca4793f745da2620be31bd82d4009c862da7982f805c40d4600fefb',
        },
        'membership.sym': {
          bytes: 1705257,
          sha256: 'ce3d814ec4601ecd38c636b865efff3de95f35bb9654c6231131e5596d555be7',
        },
        'membership.vkey.json': {
          bytes: 4132,
          sha256: '9b7c48a459b352b6d95e628fb731fdc89e9eb9b42fbf7a57bdda36b29b858057',
        },
      },
    },
    'policy-m': {
      sourceHash: '0xa3e7828b85182440e91e9c4db77d38c9445064951eddd740ba5391596805108c',
      constraints: 45087,
      wires: 45242,
      publicSignals: 11,
      provenance: { kind: 'development' },
      verificationKeyHash: '0xd14142ff4719808725ed862c45d7ec73b2a78acecc015a561134b2a943651365',
      artifacts: {
        'policy-m.wasm': {
          bytes: 7218070,
          sha256: '22e43e5f299cce8b09bab69e75e6f2dfb210000a4600b6317e1b8890ca43ae40',
        },
        'policy-m.zkey': {
          bytes: 49311616,
          sha256: 'aed7454a25d42a39b7c0741a8498f716806a86dec212e8e7dcdba2908cbd43c5',
        },
        'policy-m.r1cs': {
          bytes: 30122132,
          sha256: '76f3405ddcedaed8741f573ae038b79a850f7afbde1fb0db4168c18784be7d87',
        },
        'policy-m.sym': {
          bytes: 12753834,
          sha256: 'de5393edb94f0d4626520c3214a9d69b2128ee2406d32ec2587a1ae994969efe',
        },
        'policy-m.vkey.json': {
          bytes: 5112,
          sha256: '74ed2c8ce1935084ce551df736893c2f7e153fed8ede73e04ef3b50419082ee5',
        },
      },
    },
    'policy-s': {
      sourceHash: '0xc3005e2c83ab739c61faf1b674223bd8d2a3dbf81c8487a0e8e7620791dc697c',
      constraints: 12980,
      wires: 12932,
      publicSignals: 11,
      provenance: { kind: 'development' },
      verificationKeyHash: '0x8d81adc0748c447759b8223d078ceb90b3fda1fbba48dcabffa65694e2c5bf37',
      artifacts: {
        'policy-s.wasm': {
          bytes: 8867994,
          sha256: '3bc4d8cae52223cd513256903566bb7959ae22e8b1158889b8306dbf8a912b6a',
        },
        'policy-s.zkey': {
          bytes: 12980392,
          sha256: '480dfa1697da658c8769fc4d0c12721cab7eb020abec0f3ef7cbeb1698a72648',
        },
        'policy-s.r1cs': {
          bytes: 7879700,
          sha256: 'aca844315a4ed66b13631f03ab7f7269249f09f68faf3be91ebdc022fd740b24',
        },
        'policy-s.sym': {
          bytes: 3480779,
          sha256: '8c3554fccd8ea2d10f7cf4db9656f2ee836d92ea951437d22c3308da4e1cb4d0',
        },
        'policy-s.vkey.json': {
          bytes: 5113,
          sha256: '7085b5657c5c24c681580f9d8973c8f57862f073d30dd63843aaff5211e94b62',
        },
      },
    },
  },
}
