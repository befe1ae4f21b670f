"""What leaves the house: letters stored with the act that caused them, delivered later, once, with patience."""
