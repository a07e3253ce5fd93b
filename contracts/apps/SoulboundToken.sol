// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {IPolicyHub} from "../IPolicyHub.sol";
import {IPoseidon3, IPoseidon4, IPoseidon16} from "../IPoseidon.sol";
import {PolicyGate} from "../PolicyGate.sol";
import {QuaternaryRegistry} from "../QuaternaryRegistry.sol";

/// @title ERC-5192: minimal soulbound NFTs
interface IERC5192 {
    event Locked(uint256 tokenId);
    event Unlocked(uint256 tokenId);

    function locked(uint256 tokenId) external view returns (bool);
}

/// @title A token that a Soul mints by a proof, once, and that is at the same time an SBT in a registry on chain
/// @notice The contract is the issuer `eip155:<chainId>:<address>`. It hashes each SBT itself, so that nobody gets one with other claims or times than
/// it says: claims 0 and 1 are what the proof reveals, the others 0. The token shows an address; the SBT is a blinded holder's, and proofs about it
/// open the registry without showing which leaf.
/// @dev The schema has the types of the revealed claims, in the policy's order. The owner can burn; the authority can revoke, and issue again to
/// a new holder, since a re-issue by the owner would be a transfer. Nullifiers stay spent.
contract SoulboundToken is ERC721, IERC5192, AccessManaged, QuaternaryRegistry {
    /// @notice Immutable settings of a token.
    struct Settings {
        IPolicyHub hub;
        /// @dev Whose Souls may mint.
        uint256 policyDigest;
        /// @dev Hash of the schema of the SBTs.
        uint256 schemaHash;
        /// @dev Seconds for which an SBT counts; 0 for ever.
        uint64 validSeconds;
        IPoseidon3 leafHasher;
        IPoseidon4 nodeHasher;
        IPoseidon16 sbtHasher;
        /// @dev AccessManager that knows who may call `revoke` and `reissue`.
        address authority;
    }

    /// @notice What an SBT says, beside its holder.
    struct Content {
        uint64 issuedAt;
        uint64 expiresAt;
        uint256[2] claims;
    }

    uint256 private constant FIELD_MODULUS =
        21888242871839275222246405745257275088548364400416034343698204186575808495617;
    /// @dev Domain tags, as `circuits/lib/domains.circom` has them.
    uint256 private constant SBT_TAG = uint256(uint120(bytes15("soulproof/sbt/1")));
    uint256 private constant CONTRACT_TYPE_TAG = uint256(uint200(bytes25("soulproof/type/contract/1")));
    uint256 private constant REGISTERED_TAG = uint256(uint176(bytes22("soulproof/registered/1")));
    /// @dev A Soul has one nullifier in this topic.
    uint256 private constant TOPIC = 0;

    IPolicyHub public immutable hub;
    uint256 public immutable policyDigest;
    uint256 public immutable schemaHash;
    uint64 public immutable validSeconds;
    IPoseidon3 public immutable leafHasher;
    IPoseidon16 public immutable sbtHasher;

    /// @notice Type of the SBTs: Poseidon(tag, chain id, address, schema hash).
    uint256 public immutable sbtType;

    mapping(uint256 tokenId => Content) private _contents;

    /// @notice An SBT was issued: with the chain's id and this address, all that its holder needs to rebuild it.
    /// @param tokenId index in the registry, and the SBT's statusId
    event Issued(
        uint256 indexed tokenId, uint256 indexed holder, uint64 issuedAt, uint64 expiresAt, uint256[2] claims
    );
    event Reissued(uint256 indexed oldTokenId, uint256 indexed newTokenId);

    error SoulboundToken__HasherInvalid();
    error SoulboundToken__SchemaInvalid();
    error SoulboundToken__HolderInvalid();
    error SoulboundToken__Locked();
    error SoulboundToken__NotOwner();

    constructor(string memory name_, string memory symbol_, Settings memory settings)
        ERC721(name_, symbol_)
        AccessManaged(settings.authority)
        QuaternaryRegistry(settings.nodeHasher)
    {
        // Reverts for a policy that the hub does not know.
        settings.hub.policyOf(settings.policyDigest);
        if (settings.schemaHash == 0 || settings.schemaHash >= FIELD_MODULUS) revert SoulboundToken__SchemaInvalid();
        // Poseidon(1, 2, 3); the constructor of `Poseidon16` checks itself.
        if (
            settings.leafHasher.poseidon([uint256(1), 2, 3])
                != 6542985608222806190361240322586112750744169038454362455181422643027100751666
                || address(settings.sbtHasher).code.length == 0
        ) revert SoulboundToken__HasherInvalid();
        hub = settings.hub;
        policyDigest = settings.policyDigest;
        schemaHash = settings.schemaHash;
        validSeconds = settings.validSeconds;
        leafHasher = settings.leafHasher;
        sbtHasher = settings.sbtHasher;
        sbtType = settings.nodeHasher.poseidon(
            [CONTRACT_TYPE_TAG, block.chainid, uint160(address(this)), settings.schemaHash]
        );
    }

    /// @notice Returns what a proof has to be bound to, with the account 0.
    function payloadFor(address to, uint256 holder) public pure returns (bytes32) {
        return keccak256(abi.encode(to, holder));
    }

    /// @notice Mints the token to an address and registers an SBT for a holder, both named by the proof. Anybody may send it.
    /// @param holder Poseidon(tag, identity commitment, salt), made by the Soul
    function mint(address to, uint256 holder, PolicyGate.PolicyProof calldata proof) external returns (uint256 tokenId) {
        hub.spend(policyDigest, TOPIC, address(0), payloadFor(to, holder), proof);
        uint64 issuedAt = uint64(block.timestamp);
        uint64 expiresAt = validSeconds == 0 ? 0 : issuedAt + validSeconds;
        tokenId = _issue(to, holder, Content(issuedAt, expiresAt, proof.reveals));
    }

    /// @notice Gives the token up, and with it the SBT. The Soul cannot mint another.
    function burn(uint256 tokenId) external {
        if (ownerOf(tokenId) != msg.sender) revert SoulboundToken__NotOwner();
        _end(tokenId);
    }

    /// @notice Takes a token and its SBT back.
    function revoke(uint256 tokenId) external restricted {
        _end(tokenId);
    }

    /// @notice Issues an SBT again, with the same claims and times, to a new holder and address, as after a lost key; the old one ends.
    function reissue(uint256 tokenId, address to, uint256 holder) external restricted returns (uint256 newTokenId) {
        Content memory content = _contents[tokenId];
        _end(tokenId);
        newTokenId = _issue(to, holder, content);
        emit Reissued(tokenId, newTokenId);
    }

    /// @notice Returns what the SBT of a token says.
    function contentOf(uint256 tokenId) external view returns (Content memory) {
        _requireOwned(tokenId);
        return _contents[tokenId];
    }

    /// @inheritdoc IERC5192
    function locked(uint256 tokenId) external view returns (bool) {
        _requireOwned(tokenId);
        return true;
    }

    /// @inheritdoc ERC721
    function supportsInterface(bytes4 interfaceId) public view override returns (bool) {
        return interfaceId == type(IERC5192).interfaceId || super.supportsInterface(interfaceId);
    }

    function _issue(address to, uint256 holder, Content memory content) private returns (uint256 tokenId) {
        if (holder == 0 || holder >= FIELD_MODULUS) revert SoulboundToken__HolderInvalid();
        tokenId = size();
        uint256[16] memory fields;
        fields[0] = SBT_TAG;
        fields[1] = schemaHash;
        fields[2] = holder;
        fields[3] = content.issuedAt;
        fields[4] = content.expiresAt;
        fields[5] = tokenId;
        fields[6] = content.claims[0];
        fields[7] = content.claims[1];
        _append(leafHasher.poseidon([REGISTERED_TAG, sbtType, sbtHasher.poseidon(fields)]));
        _contents[tokenId] = content;
        emit Issued(tokenId, holder, content.issuedAt, content.expiresAt, content.claims);
        emit Locked(tokenId);
        // Last, because it calls the receiver, if that is a contract.
        _safeMint(to, tokenId);
    }

    function _end(uint256 tokenId) private {
        _burn(tokenId);
        delete _contents[tokenId];
        _revoke(tokenId);
    }

    /// @dev Tokens come and go, and never move.
    function _update(address to, uint256 tokenId, address auth) internal override returns (address from) {
        from = super._update(to, tokenId, auth);
        if (from != address(0) && to != address(0)) revert SoulboundToken__Locked();
    }
}
