/// Those who share work that falls into independent pieces, a range each: the processes of one command on several machines.
public protocol WorkTeam {
  /// The pieces that are this one's, of so many.
  func range(of count: Int) -> Range<Int>

  /// Does all pieces.
  /// - Parameter work: the results of a range of the pieces, in their order.
  /// - Returns: the results of all of them, the same for everyone.
  func all<Result: Codable>(_ count: Int, _ work: (Range<Int>) throws -> [Result]) throws -> [Result]
}

/// Nobody to share with.
public struct NoTeam: WorkTeam {
  public init() {}
  public func range(of count: Int) -> Range<Int> { 0..<count }
  public func all<Result: Codable>(_ count: Int, _ work: (Range<Int>) throws -> [Result]) throws -> [Result] {
    try work(0..<count)
  }
}
