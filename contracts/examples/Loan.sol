// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {Ledger} from "../Ledger.sol";
import {PolicyGate} from "../PolicyGate.sol";

/// @title Loans without collateral, one per Soul, whose defaults enter a ledger that later proofs have to open
/// @notice The policy decides who is eligible, and discloses the Soul's handle in the ledger. Nobody decides about the entry:
/// after the term anybody has it recorded, and repaying records the cure.
/// @dev The ledger's owner names this contract as a gate, and as an attestor of both categories.
contract Loan is PolicyGate {
    /// @notice What a loan comes to; one that was never granted is all 0.
    struct Terms {
        address borrower;
        uint248 handle;
        uint64 dueAt;
        uint128 owed;
        bool isDefaulted;
    }

    /// @notice Categories of the ledger: sums of what is due and not paid, and defaults ever.
    uint8 public constant UNPAID = 0;
    uint8 public constant DEFAULTS = 1;

    Ledger public immutable ledger;
    uint128 public immutable principal;
    uint128 public immutable interest;
    uint64 public immutable term;

    /// @notice Loans by the nullifier that they were granted on.
    mapping(uint256 nullifier => Terms) public loans;

    event LoanGranted(uint256 indexed nullifier, address indexed borrower, uint256 handle, uint256 dueAt);
    event LoanDefaulted(uint256 indexed nullifier);
    event LoanRepaid(uint256 indexed nullifier, bool wasDefaulted);

    error Loan__HandleMissing();
    error Loan__Unknown();
    error Loan__NotDue();
    error Loan__AlreadyDefaulted();
    error Loan__AmountInvalid();
    error Loan__PaymentFailed();

    /// @param principal_ wei; with the interest below 2^64, which is what an entry holds
    /// @param term_ seconds
    constructor(Settings memory settings, Ledger ledger_, uint128 principal_, uint128 interest_, uint64 term_)
        payable
        PolicyGate(settings)
    {
        // Without a handle nothing could be recorded.
        if (!settings.disclosesHandle) revert Loan__HandleMissing();
        if (principal_ == 0 || uint256(principal_) + interest_ >= 1 << 64) revert Loan__AmountInvalid();
        ledger = ledger_;
        principal = principal_;
        interest = interest_;
        term = term_;
    }

    /// @notice Takes what the contract lends from.
    receive() external payable {}

    function _accepted(address caller, uint256 nullifier, uint256[2] calldata, uint256 handle, bytes calldata)
        internal
        override
    {
        if (handle == 0 || handle >= 1 << 248) revert Loan__HandleMissing();
        uint64 dueAt = uint64(block.timestamp) + term;
        loans[nullifier] = Terms(caller, uint248(handle), dueAt, principal + interest, false);
        ledger.disclose(address(this), uint248(handle));
        emit LoanGranted(nullifier, caller, handle, dueAt);
        _pay(caller, principal);
    }

    /// @notice Records the default of a loan whose term has passed. Anybody may call it.
    function recordDefault(uint256 nullifier) external {
        Terms memory loan = loans[nullifier];
        if (loan.owed == 0) revert Loan__Unknown();
        if (loan.isDefaulted) revert Loan__AlreadyDefaulted();
        if (block.timestamp <= loan.dueAt) revert Loan__NotDue();
        loans[nullifier].isDefaulted = true;
        _record(nullifier, loan, UNPAID, int128(loan.owed));
        _record(nullifier, loan, DEFAULTS, int128(loan.owed));
        emit LoanDefaulted(nullifier);
    }

    /// @notice Repays a loan in full, by anybody; of one in default it records the cure.
    function repay(uint256 nullifier) external payable {
        Terms memory loan = loans[nullifier];
        if (loan.owed == 0) revert Loan__Unknown();
        if (msg.value != loan.owed) revert Loan__AmountInvalid();
        delete loans[nullifier];
        if (loan.isDefaulted) _record(nullifier, loan, UNPAID, -int128(loan.owed));
        emit LoanRepaid(nullifier, loan.isDefaulted);
    }

    /// @notice Takes out what is not lent.
    function withdraw(uint256 amount) external onlyOwner {
        _pay(msg.sender, amount);
    }

    /// @dev The reference is the low 148 bits of the nullifier, by which the loan is found.
    function _record(uint256 nullifier, Terms memory loan, uint8 category, int128 amount) private {
        ledger.append(loan.handle, category, amount, uint152(nullifier & ((1 << 148) - 1)));
    }

    function _pay(address to, uint256 amount) private {
        (bool isPaid,) = to.call{value: amount}("");
        if (!isPaid) revert Loan__PaymentFailed();
    }
}
