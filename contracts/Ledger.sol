// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {IPoseidon3} from "./IPoseidon.sol";

/// @title Verifier of `ledger-batch`, as written by `exportSolidityVerifier`
interface ILedgerBatchVerifier {
    /// @notice Tells whether the proof holds for the signals; false, never a revert, for any values.
    /// @param signals oldRoot, newRoot, ledgerId, categories, queueLength, queueHead
    function verifyProof(
        uint256[2] calldata a,
        uint256[2][2] calldata b,
        uint256[2] calldata c,
        uint256[6] calldata signals
    ) external view returns (bool);

    /// @notice Tells whether the key is one of the project's development keys, for which anyone can forge.
    function isDevelopmentKey() external view returns (bool);
}

/// @title A ledger of forced entries: its queue, who may append to it, and the roots that proofs are made for
/// @notice Attestors append entries about handles that Souls disclosed to them, without the Souls' consent. Every entry is
/// in the queue for good. A root is accepted only if it follows from the last one by the next entries of the queue: with
/// a proof at once, or, where an operator is set, without one after a time in which anybody who recomputes it can challenge.
/// With an operator, somebody has to watch: a wrong root that nobody challenges stays.
/// @dev The id of the ledger is `eip155:<chainId>:<address>`, all in lower case.
contract Ledger {
    /// @notice Immutable settings of a ledger.
    struct Settings {
        IPoseidon3 hasher;
        /// @dev Verifier of `ledger-batch`.
        ILedgerBatchVerifier verifier;
        /// @dev Accept a verifier of a development key. Never on a chain whose state has value.
        bool allowDevelopmentKey;
        /// @dev Names attestors, gates and movers. A contract, if that is to have rules or to change.
        address owner;
        /// @dev Proposes roots without proof; 0 for a ledger that takes proofs only.
        address operator;
        /// @dev Seconds for which a proposed root waits for challenges.
        uint64 challengePeriod;
        /// @dev What the operator deposits with a root, and a challenger against it, in wei.
        uint128 bond;
    }

    /// @notice A Groth16 proof of `ledger-batch`.
    struct Proof {
        uint256[2] a;
        uint256[2][2] b;
        uint256[2] c;
    }

    /// @notice The first entry of the queue that a root lacks, as it was hashed; empty if it lacks none.
    struct Words {
        uint256 subject;
        uint256 content;
    }

    /// @notice An accepted root.
    struct AcceptedRoot {
        uint256 root;
        /// @dev Entries of the queue that it contains.
        uint64 queueLength;
        /// @dev Time up to which it contains every entry: when it was accepted, or of the first entry that it lacks.
        uint64 completeAt;
    }

    /// @notice A root of the operator that waits.
    struct Proposal {
        uint256 root;
        uint64 queueLength;
        uint64 completeAt;
        uint64 proposedAt;
        address challenger;
    }

    /// @notice Number of roots that are kept.
    uint256 public constant ROOTS = 64;

    /// @dev ASCII of `soulproof/ledger/queue/1`: head of the empty queue.
    uint256 private constant EMPTY_QUEUE = uint256(uint192(bytes24("soulproof/ledger/queue/1")));
    /// @dev Poseidon(1, 2, 3): tells a right hasher from a wrong one.
    uint256 private constant POSEIDON_OF_1_2_3 =
        6542985608222806190361240322586112750744169038454362455181422643027100751666;
    uint256 private constant CATEGORIES = 4;
    uint256 private constant MOVED = 31;

    IPoseidon3 public immutable hasher;
    ILedgerBatchVerifier public immutable verifier;
    address public immutable owner;
    uint64 public immutable challengePeriod;
    uint128 public immutable bond;
    /// @notice Hash of the id, as roots bind it.
    uint256 public immutable ledgerId;
    /// @notice Hash of the categories' names in order, as roots bind it.
    uint256 public immutable categories;

    /// @notice Proposes roots; 0 if there is none, or none any more.
    address public operator;
    /// @notice Waits for challenges, or for proofs if it was challenged; root 0 if there is none.
    Proposal public proposal;

    /// @notice Bonds that wait to be fetched with `withdraw`, in wei.
    mapping(address account => uint256) public owed;
    /// @notice Categories that an attestor may write in, one bit each.
    mapping(address attestor => uint256 mask) public mayAttest;
    /// @notice Contracts that check policy proofs, and tell which handle they disclose to whom.
    mapping(address gate => bool) public isGate;
    /// @notice Whoever may move handles.
    mapping(address mover => bool) public isMover;
    /// @notice Whether a Soul disclosed a handle to an attestor.
    mapping(address attestor => mapping(uint256 handle => bool)) public isDisclosed;

    /// @dev Head of the queue after as many entries as the index; the first is that of the empty queue.
    uint256[] private _heads;
    AcceptedRoot[ROOTS] private _roots;
    uint256 private _rootCount;
    mapping(uint256 root => uint256) private _placeOf;

    event AttestorSet(address indexed attestor, uint256 mask);
    event GateSet(address indexed gate, bool isGate);
    event MoverSet(address indexed mover, bool isMover);
    event HandleDisclosed(address indexed attestor, uint256 indexed handle);
    /// @param index position in the queue, from 0
    event EntryAppended(
        uint256 indexed index, uint256 indexed handle, address indexed attestor, uint256 subject, uint256 content
    );
    event RootAccepted(uint256 indexed root, uint256 queueLength, uint256 completeAt);
    event RootProposed(uint256 indexed root, uint256 queueLength);
    event RootChallenged(uint256 indexed root, address indexed challenger);
    event RootRefuted(uint256 indexed root, address indexed operator);

    error Ledger__HasherInvalid();
    error Ledger__DevelopmentKey();
    error Ledger__OwnerInvalid();
    error Ledger__CategoriesInvalid();
    error Ledger__NotOwner();
    error Ledger__NotGate();
    error Ledger__NotMover();
    error Ledger__NotOperator();
    error Ledger__NotAttestor();
    error Ledger__HandleNotDisclosed();
    error Ledger__EntryOutOfRange();
    error Ledger__RootInvalid();
    error Ledger__RootUnknown();
    error Ledger__QueueLengthInvalid();
    error Ledger__NextEntryInvalid();
    error Ledger__ProofInvalid();
    error Ledger__ProposalPending();
    error Ledger__NoProposal();
    error Ledger__Challenged();
    error Ledger__TooEarly();
    error Ledger__TooLate();
    error Ledger__BondInvalid();
    error Ledger__PaymentFailed();

    modifier onlyOwner() {
        if (msg.sender != owner) revert Ledger__NotOwner();
        _;
    }

    modifier onlyMover() {
        if (!isMover[msg.sender]) revert Ledger__NotMover();
        _;
    }

    /// @param names 1 to 4 categories, in the order of their numbers
    constructor(Settings memory settings, string[] memory names) {
        if (settings.owner == address(0)) revert Ledger__OwnerInvalid();
        if (settings.hasher.poseidon([uint256(1), 2, 3]) != POSEIDON_OF_1_2_3) revert Ledger__HasherInvalid();
        if (!settings.allowDevelopmentKey && settings.verifier.isDevelopmentKey()) {
            revert Ledger__DevelopmentKey();
        }
        hasher = settings.hasher;
        verifier = settings.verifier;
        owner = settings.owner;
        operator = settings.operator;
        challengePeriod = settings.challengePeriod;
        bond = settings.bond;
        ledgerId = _hashText(bytes(id()));
        categories = _hashText(_categoriesText(names));
        _heads.push(EMPTY_QUEUE);
    }

    /// @notice Returns the id of this ledger, from which Souls derive their handles.
    function id() public view returns (string memory) {
        return string.concat("eip155:", _decimal(block.chainid), ":0x", _hex(uint160(address(this))));
    }

    /// @notice Returns the number of entries in the queue.
    function queueLength() public view returns (uint256) {
        return _heads.length - 1;
    }

    /// @notice Returns the head of the queue after its first `length` entries.
    function headAt(uint256 length) external view returns (uint256) {
        if (length >= _heads.length) revert Ledger__QueueLengthInvalid();
        return _heads[length];
    }

    // Entries

    /// @notice Appends an entry about a handle that was disclosed to the sender, in one of the sender's categories.
    /// @param amount from -2^64 to 2^64 - 1; settling is a negative amount
    /// @param ref below 2^148: what the entry is about
    function append(uint248 handle, uint8 category, int128 amount, uint152 ref) external {
        if (category >= CATEGORIES || mayAttest[msg.sender] & (1 << category) == 0) revert Ledger__NotAttestor();
        if (!isDisclosed[msg.sender][handle]) revert Ledger__HandleNotDisclosed();
        _append(handle, category, amount, ref, uint40(block.timestamp));
    }

    /// @notice Notes that the entries of a handle are written again under another one, which the mover does next.
    function move(uint248 from, uint248 to) external onlyMover {
        _extend(from, MOVED, to);
    }

    /// @notice Writes an old entry again under a new handle, with its own time, which is past. Anybody can see whether all of them follow.
    function copy(uint248 to, uint8 category, int128 amount, uint152 ref, uint40 time) external onlyMover {
        // The age of a root is that of the first entry it lacks: one of the future would hide those behind it.
        if (category >= CATEGORIES || time > block.timestamp) revert Ledger__EntryOutOfRange();
        _append(to, category, amount, ref, time);
    }

    function _append(uint256 handle, uint256 category, int256 amount, uint256 ref, uint256 time) private {
        if (amount < -(1 << 64) || amount >= 1 << 64 || ref >= 1 << 148) revert Ledger__EntryOutOfRange();
        _extend(handle, category, uint256(amount + (1 << 64)) + (time << 65) + (ref << 105));
    }

    function _extend(uint256 handle, uint256 category, uint256 content) private {
        uint256 subject = handle + (category << 248);
        uint256 index = _heads.length - 1;
        _heads.push(hasher.poseidon([_heads[index], subject, content]));
        emit EntryAppended(index, handle, msg.sender, subject, content);
    }

    // Authority

    /// @notice Says in which categories an attestor may write, one bit each; 0 ends its authority.
    function setAttestor(address attestor, uint256 mask) external onlyOwner {
        if (mask >= 1 << CATEGORIES) revert Ledger__CategoriesInvalid();
        mayAttest[attestor] = mask;
        emit AttestorSet(attestor, mask);
    }

    /// @notice Says whether a contract is believed about disclosures. It has to check a policy proof that discloses the
    /// handle in this ledger.
    function setGate(address gate, bool isOne) external onlyOwner {
        isGate[gate] = isOne;
        emit GateSet(gate, isOne);
    }

    /// @notice Says whether an address may move handles.
    function setMover(address mover, bool isOne) external onlyOwner {
        isMover[mover] = isOne;
        emit MoverSet(mover, isOne);
    }

    /// @notice Notes that a Soul disclosed a handle to an attestor, which no one takes back.
    function disclose(address attestor, uint248 handle) external {
        if (!isGate[msg.sender]) revert Ledger__NotGate();
        isDisclosed[attestor][handle] = true;
        emit HandleDisclosed(attestor, handle);
    }

    // Roots

    /// @notice Returns the last accepted root; 0 before the first, as `ledger-batch` has it.
    function latestRoot() public view returns (AcceptedRoot memory latest) {
        if (_rootCount > 0) latest = _roots[(_rootCount - 1) % ROOTS];
    }

    /// @notice Returns what is known of one of the last roots.
    function rootInfo(uint256 root) public view returns (AcceptedRoot memory) {
        uint256 place = _placeOf[root];
        if (place == 0) revert Ledger__RootUnknown();
        return _roots[place - 1];
    }

    /// @notice Tells whether a root is among the last ones, contains so many entries, and lacks none older than this.
    /// @param greatestAge seconds
    function isFresh(uint256 root, uint256 leastQueueLength, uint256 greatestAge) external view returns (bool) {
        uint256 place = _placeOf[root];
        if (place == 0) return false;
        AcceptedRoot memory found = _roots[place - 1];
        return found.queueLength >= leastQueueLength && block.timestamp - found.completeAt <= greatestAge;
    }

    /// @notice Accepts the root that follows from the last one by the next entries, from anybody who proves it.
    /// @param length entries of the queue that it contains
    /// @param next the first entry that it lacks; anything if it lacks none
    function acceptRoot(uint256 root, uint64 length, Proof calldata proof, Words calldata next) external {
        AcceptedRoot memory latest = latestRoot();
        _checkLength(length, latest.queueLength);
        Proposal memory waiting = proposal;
        // A proof that went past the proposal would leave open whether it was right.
        if (waiting.root != 0 && length > waiting.queueLength) revert Ledger__ProposalPending();
        uint256[6] memory signals = [latest.root, root, ledgerId, categories, length, _heads[length]];
        if (!verifier.verifyProof(proof.a, proof.b, proof.c, signals)) revert Ledger__ProofInvalid();
        _accept(root, length, _completeAt(length, next));
        if (waiting.root != 0 && length == waiting.queueLength) _settle(waiting, root);
    }

    /// @notice Proposes a root without proof. Deposits the bond.
    function proposeRoot(uint256 root, uint64 length, Words calldata next) external payable {
        if (msg.sender != operator) revert Ledger__NotOperator();
        if (msg.value != bond) revert Ledger__BondInvalid();
        if (proposal.root != 0) revert Ledger__ProposalPending();
        if (root == 0 || _placeOf[root] != 0) revert Ledger__RootInvalid();
        _checkLength(length, latestRoot().queueLength);
        proposal = Proposal(root, length, uint64(_completeAt(length, next)), uint64(block.timestamp), address(0));
        emit RootProposed(root, length);
    }

    /// @notice Stops a proposed root, by whoever recomputed it and found another. Deposits the bond, which goes to whom the
    /// proofs of `acceptRoot`, up to the proposal's entries, show to be right.
    function challengeRoot() external payable {
        Proposal memory waiting = proposal;
        if (waiting.root == 0) revert Ledger__NoProposal();
        if (waiting.challenger != address(0)) revert Ledger__Challenged();
        if (block.timestamp >= waiting.proposedAt + challengePeriod) revert Ledger__TooLate();
        if (msg.value != bond) revert Ledger__BondInvalid();
        proposal.challenger = msg.sender;
        emit RootChallenged(waiting.root, msg.sender);
    }

    /// @notice Accepts a proposed root that nobody challenged in time.
    function acceptProposal() external {
        Proposal memory waiting = proposal;
        if (waiting.root == 0) revert Ledger__NoProposal();
        if (waiting.challenger != address(0)) revert Ledger__Challenged();
        if (block.timestamp < waiting.proposedAt + challengePeriod) revert Ledger__TooEarly();
        delete proposal;
        _accept(waiting.root, waiting.queueLength, waiting.completeAt);
        owed[operator] += bond;
    }

    /// @notice Pays out what is owed to the sender: bonds that came back, or were won.
    function withdraw() external {
        uint256 amount = owed[msg.sender];
        owed[msg.sender] = 0;
        (bool isPaid,) = msg.sender.call{value: amount}("");
        if (!isPaid) revert Ledger__PaymentFailed();
    }

    /// @dev A proof has shown which root the proposal's entries lead to. Who was wrong pays; an operator who was is none any
    /// more. Payments wait to be fetched, so that no receiver can stop this.
    function _settle(Proposal memory waiting, uint256 proved) private {
        delete proposal;
        bool isChallenged = waiting.challenger != address(0);
        uint256 deposits = isChallenged ? 2 * uint256(bond) : bond;
        if (waiting.root == proved) {
            owed[operator] += deposits;
            return;
        }
        owed[isChallenged ? waiting.challenger : msg.sender] += deposits;
        emit RootRefuted(waiting.root, operator);
        operator = address(0);
    }

    function _checkLength(uint256 length, uint256 latest) private view {
        if (length <= latest || length > queueLength()) revert Ledger__QueueLengthInvalid();
    }

    /// @dev A root that lacks entries is as old as the first of them: who accepts roots cannot leave new entries waiting and
    /// look fresh. A copied entry has an old time, which makes a root look older, never younger.
    function _completeAt(uint256 length, Words calldata next) private view returns (uint256) {
        if (length == queueLength()) return block.timestamp;
        if (hasher.poseidon([_heads[length], next.subject, next.content]) != _heads[length + 1]) {
            revert Ledger__NextEntryInvalid();
        }
        // A notice of a move has no time.
        if (next.subject >> 248 == MOVED) return 0;
        return uint40(next.content >> 65);
    }

    function _accept(uint256 root, uint256 length, uint256 completeAt) private {
        uint256 place = _rootCount++ % ROOTS;
        delete _placeOf[_roots[place].root];
        _roots[place] = AcceptedRoot(root, uint64(length), uint64(completeAt));
        _placeOf[root] = place + 1;
        emit RootAccepted(root, length, completeAt);
    }

    // Texts

    /// @dev keccak256 >> 8, as `hashText` of the library.
    function _hashText(bytes memory text) private pure returns (uint256) {
        return uint256(keccak256(text)) >> 8;
    }

    /// @dev `soulproof/categories/1:` and the names as JSON; names are a letter, then letters, digits, underscores, hyphens.
    function _categoriesText(string[] memory names) private pure returns (bytes memory text) {
        if (names.length == 0 || names.length > CATEGORIES) revert Ledger__CategoriesInvalid();
        text = "soulproof/categories/1:[";
        for (uint256 i = 0; i < names.length; i++) {
            bytes memory name = bytes(names[i]);
            if (name.length == 0 || name.length > 64 || !_isLetter(name[0])) revert Ledger__CategoriesInvalid();
            for (uint256 k = 0; k < name.length; k++) {
                bytes1 c = name[k];
                bool isDigit = c >= "0" && c <= "9";
                if (!_isLetter(c) && !isDigit && c != "_" && c != "-") revert Ledger__CategoriesInvalid();
            }
            for (uint256 k = 0; k < i; k++) {
                if (keccak256(bytes(names[k])) == keccak256(name)) revert Ledger__CategoriesInvalid();
            }
            text = bytes.concat(text, i == 0 ? bytes('"') : bytes(',"'), name, '"');
        }
        return bytes.concat(text, "]");
    }

    function _isLetter(bytes1 c) private pure returns (bool) {
        return (c >= "a" && c <= "z") || (c >= "A" && c <= "Z");
    }

    function _decimal(uint256 value) private pure returns (string memory) {
        bytes memory digits = "";
        do {
            digits = bytes.concat(bytes1(uint8(48 + value % 10)), digits);
            value /= 10;
        } while (value > 0);
        return string(digits);
    }

    function _hex(uint160 value) private pure returns (string memory) {
        bytes memory digits = new bytes(40);
        for (uint256 i = 40; i > 0; i--) {
            digits[i - 1] = bytes16("0123456789abcdef")[value & 15];
            value >>= 4;
        }
        return string(digits);
    }
}
