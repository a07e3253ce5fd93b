// Written by scripts/build-circuits.ts; do not edit.
import type { Manifest } from '../manifest.js'

/** What is pinned about each statement's artifacts; the same as zkeys/manifest.json. */
export const MANIFEST: Manifest = {
  version: 1,
  toolchain:
    'circom2 0.2.23, --r1cs, --wasm, --sym, --O2, soulproof circuit 1, soulproof development key 1, soulproof witness generator 1',
  statements: {
    'ledger-batch': {
      sourceHash: '0x7a43323280eb6bde1aa570f8473f640af90253f909290b376c9ae7396819c543',
      constraints: 33441,
      wires: 33541,
      publicSignals: 6,
      provenance: { kind: 'development' },
      verificationKeyHash: '0xb1e2bf722a55a5537402dd9141fac1c8c50235eaebd7076dd765aa72abde3c1b',
      artifacts: {
        'ledger-batch.wasm': {
          bytes: 593172,
          sha256: '250f91424a008cd95f30f283c5b2a85dc98a012d80684d796e83db84652ae569',
        },
        'ledger-batch.zkey': {
          bytes: 45435296,
          sha256: '515c9e73cc8eb2162241b01e2fa2a1a46e1b120a88c4c8281f6829e18465b24a',
        },
        'ledger-batch.r1cs': {
          bytes: 28830336,
          sha256: '027d94da92af8cf3640f58afdc293e796c66609e1ceeb44a354aca3e2e89f641',
        },
        'ledger-batch.sym': {
          bytes: 12751546,
          sha256: '46295ec4560249c9a6c1a723250ed840e33bab31edfcbcce072a93837d2894c3',
        },
        'ledger-batch.vkey.json': {
          bytes: 4129,
          sha256: '2ba362eac96d573276f854802918a3f12d3ad2bfefe8ef9ccdddbc7f00814131',
        },
      },
    },
    'ledger-history': {
      sourceHash: '0xb1b34acd560b4d45cbf46e18dd87230b17b029bff81b02eeeab611962819345a',
      constraints: 27166,
      wires: 27009,
      publicSignals: 13,
      provenance: { kind: 'development' },
      verificationKeyHash: '0x2eddf2060e797c52e9eb9d154274941f349b7c2c014c565dbae4cbfdc9a661b2',
      artifacts: {
        'ledger-history.wasm': {
          bytes: 722263,
          sha256: 'c9eb66ec84986476586c2c6a2f6ffc37f5065825f2c343c641ff17ad46dfdb3d',
        },
        'ledger-history.zkey': {
          bytes: 20283884,
          sha256: '5db8443b5d3e79797eabfee09f21c082e4ffd927642883f642d427fda67e35bc',
        },
        'ledger-history.r1cs': {
          bytes: 11472172,
          sha256: '15f5d6740364c8c5a1a840929af0ba90cd9b27e650bc884b0c1c4ff4e271702b',
        },
        'ledger-history.sym': {
          bytes: 5658743,
          sha256: '5068e5e985f918cf6ccfdcec5751bf65d3167f606071769173eee3064b9df649',
        },
        'ledger-history.vkey.json': {
          bytes: 5504,
          sha256: 'e178da6a6f835f3e9eb94d2166827b22d19e7246d9da06f33d89c9f577244118',
        },
      },
    },
    membership: {
      sourceHash: '0xc9d6edbca3660ad10498d1a79442dec5c3ecd5d1f2fd4b87edabee3cd4bbaed8',
      constraints: 6662,
      wires: 6609,
      publicSignals: 6,
      provenance: { kind: 'development' },
      verificationKeyHash: '0xd0bbf321e797f6a6143c3a1ad463f4183290e9b659090979e8651d08b4151a5e',
      artifacts: {
        'membership.wasm': {
          bytes: 277939,
          sha256: '98e2f63a881f5307b59ad3e249ec9a5470f791afdb4bb8eff6c914f60e6fb60d',
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
          bytes: 1721303,
          sha256: '6e8b220ac1a270b0ca11e3da9ec3f2ca15669d13aea058a91f3ba019534cb572',
        },
        'membership.vkey.json': {
          bytes: 4132,
          sha256: '9b7c48a459b352b6d95e628fb731fdc89e9eb9b42fbf7a57bdda36b29b858057',
        },
      },
    },
    'policy-l': {
      sourceHash: '0x9452a04d0fb71cbea8a65251035c55e3652bd58702384d80fde9b20556c8d51d',
      constraints: 97606,
      wires: 98006,
      publicSignals: 15,
      provenance: { kind: 'development' },
      verificationKeyHash: '0xa33f91d2533345e48e553326c081dbb1bcd22df17fcf7d4371b3a3cfe098ff25',
      artifacts: {
        'policy-l.wasm': {
          bytes: 1536470,
          sha256: '053983cea93b52a75f79cad3e9bc03840df751bc4aad997032d96754a7ccc44c',
        },
        'policy-l.zkey': {
          bytes: 107969304,
          sha256: 'e16fa61c5db39528f27941248604c4f402f4b70c74d9124881d4c4de3f94425c',
        },
        'policy-l.r1cs': {
          bytes: 66616580,
          sha256: 'ac41d9e7eb5a5d4bed222dca3905da887b5259fc86fa46024f3542003348915a',
        },
        'policy-l.sym': {
          bytes: 28849065,
          sha256: '5edeeb57a645879b71f4274e40b0a05d4fe2ee62d994927bd818b63c5d9f84d4',
        },
        'policy-l.vkey.json': {
          bytes: 5902,
          sha256: 'e8ab18c28015c2832a9d21ec3f0e11066d5813b0098d9747c15a57f880d153cf',
        },
      },
    },
    'policy-m': {
      sourceHash: '0xc1fcc85d5cb522e150e3355fa74557fa7e37590c81b859f720c9471c71e7fdfb',
      constraints: 45087,
      wires: 45242,
      publicSignals: 11,
      provenance: { kind: 'development' },
      verificationKeyHash: '0xd14142ff4719808725ed862c45d7ec73b2a78acecc015a561134b2a943651365',
      artifacts: {
        'policy-m.wasm': {
          bytes: 896481,
          sha256: '33a42f4879cef63a9af4e2e0a1033f53a524e83d6805392ee448bf564a3b6178',
        },
        'policy-m.zkey': {
          bytes: 49311616,
          sha256: '2191d6b8c17e0b9c26a0b5785584ee2bb735e60faff8967e3f974d4956f77d2c',
        },
        'policy-m.r1cs': {
          bytes: 30122132,
          sha256: '085a879a6fe2f6ae448863b1cc75c04297fd6d629db89eb1c8238b3324a4db74',
        },
        'policy-m.sym': {
          bytes: 12786421,
          sha256: '467c13a5b7301096b8b4ea92e7752f513010465bf94b262bf3709dae462106b2',
        },
        'policy-m.vkey.json': {
          bytes: 5112,
          sha256: '74ed2c8ce1935084ce551df736893c2f7e153fed8ede73e04ef3b50419082ee5',
        },
      },
    },
    'policy-m-timed': {
      sourceHash: '0xff5043f1a5d8612442bfaa05131aa950e9543d00f8898b2499be32aac7dcf567',
      constraints: 45531,
      wires: 45686,
      publicSignals: 13,
      provenance: { kind: 'development' },
      verificationKeyHash: '0xdc4bce1a24148abcdc3a31c296b0e8bac48e9c4181c2053b160967afe00323de',
      artifacts: {
        'policy-m-timed.wasm': {
          bytes: 898658,
          sha256: '71b3c64a7348cdbdff3195380fac43804cadbc3bb981f90b2f734d069e6c6d86',
        },
        'policy-m-timed.zkey': {
          bytes: 49307836,
          sha256: 'e775e465468115c863a686b4488979632cd89a5077c0f2a63ee13b38f6d3fb8b',
        },
        'policy-m-timed.r1cs': {
          bytes: 30041732,
          sha256: '1e6c8d4c859e967afd9a234242a9516b75f68120204ef7f83400e1af2f900e3c',
        },
        'policy-m-timed.sym': {
          bytes: 12771199,
          sha256: 'fb002e4af026b14feedd7a8dbc2ad49e30403d70fb3c7cf6f04184a21cb0461a',
        },
        'policy-m-timed.vkey.json': {
          bytes: 5505,
          sha256: 'f1f52ef0dde14fdc46a8edc9a0ba662cc632ed79602a7d2907c0ad18cac3c387',
        },
      },
    },
    'policy-s': {
      sourceHash: '0x7bb3b4e7a2ca4abad93f5ab6b37d6ba147b6df67ac0aecfbae2cc254aa141e6b',
      constraints: 12980,
      wires: 12932,
      publicSignals: 11,
      provenance: { kind: 'development' },
      verificationKeyHash: '0x8d81adc0748c447759b8223d078ceb90b3fda1fbba48dcabffa65694e2c5bf37',
      artifacts: {
        'policy-s.wasm': {
          bytes: 931391,
          sha256: 'd7676e321c06d736c5c45de7171830051aa6775e5f103d9acd89f6747cb8c1d0',
        },
        'policy-s.zkey': {
          bytes: 12980392,
          sha256: '4af559a6d5851233b5dc54b91b39152f874d4c46de5f47e11c40a5f7e814c113',
        },
        'policy-s.r1cs': {
          bytes: 7879700,
          sha256: '4da3d4d1e86063826ce0e9008a0bfa97ab083a3bc2da9c150affa664df0842b3',
        },
        'policy-s.sym': {
          bytes: 3501327,
          sha256: '046a79b855ec93c6b4ad755156efb606bd115b9d677b197944a5bf6b1f39b2bd',
        },
        'policy-s.vkey.json': {
          bytes: 5113,
          sha256: '7085b5657c5c24c681580f9d8973c8f57862f073d30dd63843aaff5211e94b62',
        },
      },
    },
  },
}
