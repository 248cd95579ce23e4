import CFiles

/// Memory that was freed and that the allocator keeps for later.
public enum FreedMemory {
  /// Gives it back to the system. It takes a few milliseconds: for a moment of rest.
  public static func giveBack() { cf_give_back_memory() }
}
