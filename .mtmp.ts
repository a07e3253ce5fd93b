import { createIssuer, signSbt, isSbtSigned } from './src/sbt/issuer.js'
import { FIELD_MODULUS as r } from './src/field.js'
import { SUBGROUP_ORDER as l } from './src/crypto/babyjub.js'
const i = createIssuer({secret:new Uint8Array(32)}); const s = signSbt(i, 5n)
for (const [n,t] of Object.entries({ok:s, negS:{...s,S:s.S-l}, R8r:{...s,R8:[s.R8[0]+r,s.R8[1]]}, R8neg:{...s,R8:[s.R8[0],s.R8[1]-r]}, str:{R8:[String(s.R8[0]),s.R8[1]],S:s.S}} as any)) {
 try { console.log(n, isSbtSigned(i.publicKey, 5n, t as any)) } catch(e) { console.log(n,'throws',(e as Error).message)}
}
