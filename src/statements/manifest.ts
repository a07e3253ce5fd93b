// Written by scripts/build-circuits.ts; do not edit.
import type { Manifest } from '../manifest.js'

/** What is pinned about each statement's artifacts; the same as zkeys/manifest.json. */
export const MANIFEST: Manifest = {
  version: 1,
  toolchain: 'circom2 0.2.23, --r1cs, --wasm, --sym, --O2, soulproof circuit 1, soulproof development key 1',
  statements: {
    membership: {
      sourceHash: '0x3b8e559cf5e9bb6de3c5e200d0ca05231030dc996316a70f3a1582bc9b9cee5c',
      constraints: 6662,
      wires: 6609,
      publicSignals: 6,
      provenance: { kind: 'development' },
      verificationKeyHash: '0xd0bbf321e797f6a6143c3a1ad463f4183290e9b659090979e8651d08b4151a5e',
      artifacts: {
        'membership.wasm': {
          bytes: 2978387,
          sha256: 'e5e038820f506f43b2743ea420f5a41888e91156f97c0edb230bc149bfdf9f80',
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
      sourceHash: '0x04400d52e7c73d6103e1e480684f24cc94ad17dbf3d5aebcae79224a7fe1d908',
      constraints: 45087,
      wires: 45242,
      publicSignals: 11,
      provenance: { kind: 'development' },
      verificationKeyHash: '0xd14142ff4719808725ed862c45d7ec73b2a78acecc015a561134b2a943651365',
      artifacts: {
        'policy-m.wasm': {
          bytes: 7366925,
          sha256: '708fee05b751010cacb8dfe4c43ba5d2933df98a2e904dc7f259d685dcd90e33',
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
          bytes: 12759162,
          sha256: '8453973e4b632f934b9afcc8fabd366696c69f43c15d41f7b3d7bc4b9dd92bea',
        },
        'policy-m.vkey.json': {
          bytes: 5112,
          sha256: '74ed2c8ce1935084ce551df736893c2f7e153fed8ede73e04ef3b50419082ee5',
        },
      },
    },
    'policy-m-timed': {
      sourceHash: '0x2fd387e26342abc992040813a8cbb8bebc8240da97f91ad37cdc0bc0e9164600',
      constraints: 45531,
      wires: 45686,
      publicSignals: 13,
      provenance: { kind: 'development' },
      verificationKeyHash: '0xdc4bce1a24148abcdc3a31c296b0e8bac48e9c4181c2053b160967afe00323de',
      artifacts: {
        'policy-m-timed.wasm': {
          bytes: 7369238,
          sha256: '24dc31c51548ae0dc3976052639360bf2d074c844074d6f05bdee464f1b41d90',
        },
        'policy-m-timed.zkey': {
          bytes: 49307836,
          sha256: 'ce08770fe030819ea978838273080de382ec75fdf89178c7ae0e0505a5b382d3',
        },
        'policy-m-timed.r1cs': {
          bytes: 30041732,
          sha256: 'a509dfc360f305e4335c8e062b39d60471f76186c4fc0f4dced9fd76859c3df8',
        },
        'policy-m-timed.sym': {
          bytes: 12746302,
          sha256: '3144264e9f9e6bbb2821c2c5a52e78121acc0400200839b87e4f2d0d87165de7',
        },
        'policy-m-timed.vkey.json': {
          bytes: 5505,
          sha256: 'f1f52ef0dde14fdc46a8edc9a0ba662cc632ed79602a7d2907c0ad18cac3c387',
        },
      },
    },
    'policy-s': {
      sourceHash: '0x6a47c4afcb6d3cecdfac8071ff12d6a7e49f3122583e0e0657f75658b7b70ded',
      constraints: 12980,
      wires: 12932,
      publicSignals: 11,
      provenance: { kind: 'development' },
      verificationKeyHash: '0x8d81adc0748c447759b8223d078ceb90b3fda1fbba48dcabffa65694e2c5bf37',
      artifacts: {
        'policy-s.wasm': {
          bytes: 9038236,
          sha256: '780644626d9dbc9686e7c71604aa19943926146ab4c9701f670104cfe970cf42',
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
          bytes: 3485487,
          sha256: '0317990fa30d3939f57ba21f0edf793f936b944806eeae4655370175963e9a55',
        },
        'policy-s.vkey.json': {
          bytes: 5113,
          sha256: '7085b5657c5c24c681580f9d8973c8f57862f073d30dd63843aaff5211e94b62',
        },
      },
    },
  },
}
