"""The compiled engine: event heap, tickets, experts, and the one kernel that advances them."""
