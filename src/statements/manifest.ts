// Written by scripts/build-circuits.ts; do not edit.
import type { Manifest } from '../manifest.js'

/** What is pinned about each statement's artifacts; the same as zkeys/manifest.json. */
export const MANIFEST: Manifest = {
  version: 1,
  toolchain:
    'circom2 0.2.23, --r1cs, --wasm, --sym, --O2, soulproof circuit 1, soulproof development key 1, soulproof witness generator 1',
  statements: {
    membership: {
      sourceHash: '0xf26f089e0bc1d0f29e6781dae3c4c991b4b41a47da0548fb2e4368b3c90b3067',
      constraints: 6662,
      wires: 6609,
      publicSignals: 6,
      provenance: { kind: 'development' },
      verificationKeyHash: '0xd0bbf321e797f6a6143c3a1ad463f4183290e9b659090979e8651d08b4151a5e',
      artifacts: {
        'membership.wasm': {
          bytes: 2945751,
          sha256: '554d17cf4fe2e7641db59b62e20fb4f565c78bc3d1323a391bc08d32632dc252',
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
          sha256: 'b1a9707bbdde7cf6c096434b1661b2aeedb55815862ea2a786dfbbc391c9f4ae',
        },
        'membership.vkey.json': {
          bytes: 4132,
          sha256: '9b7c48a459b352b6d95e628fb731fdc89e9eb9b42fbf7a57bdda36b29b858057',
        },
      },
    },
    'policy-m': {
      sourceHash: '0x11f9bd237f818ab7b93a024171d66497c6ce2af6474d2f3af616bae27b41b393',
      constraints: 45087,
      wires: 45242,
      publicSignals: 11,
      provenance: { kind: 'development' },
      verificationKeyHash: '0xd14142ff4719808725ed862c45d7ec73b2a78acecc015a561134b2a943651365',
      artifacts: {
        'policy-m.wasm': {
          bytes: 7259566,
          sha256: 'f2476cfa95633a2230095a600226e262f70a199ff3b4f11d59b318ce80cfd345',
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
          sha256: '9b92803ab611f3e086b7b00c9d2450427f8f32f19b0b6cc956b3ed1fed989054',
        },
        'policy-m.vkey.json': {
          bytes: 5112,
          sha256: '74ed2c8ce1935084ce551df736893c2f7e153fed8ede73e04ef3b50419082ee5',
        },
      },
    },
    'policy-s': {
      sourceHash: '0x847eae756ee9a02d32e88b0b5c79806585b9fb375f18a7c9ab9c19e00d6242dc',
      constraints: 12980,
      wires: 12932,
      publicSignals: 11,
      provenance: { kind: 'development' },
      verificationKeyHash: '0x8d81adc0748c447759b8223d078ceb90b3fda1fbba48dcabffa65694e2c5bf37',
      artifacts: {
        'policy-s.wasm': {
          bytes: 8909490,
          sha256: 'e1bf3cba8dc865870894ba0cac0f8e9b5b47f97bbd05b311b665db7af9c79b61',
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
          sha256: '2ca99fefb41f154a663cf77212d5fff30d7fb31671cf748d630673d08bf8d931',
        },
        'policy-s.vkey.json': {
          bytes: 5113,
          sha256: '7085b5657c5c24c681580f9d8973c8f57862f073d30dd63843aaff5211e94b62',
        },
      },
    },
  },
}
