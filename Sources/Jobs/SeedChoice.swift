/// A seed, or that one is to be drawn.
public enum SeedChoice: Sendable, Equatable {
  case given(UInt64)
  case drawn

  /// nil for one that is drawn.
  public var value: UInt64? { if case .given(let value) = self { value } else { nil } }
}

extension PictureJob {
  /// What it says about the seed; nil for nothing.
  public var seedChoice: SeedChoice? {
    get { drawsSeed == true ? .drawn : seed.map { .given($0) } }
    set { (seed, drawsSeed) = (newValue?.value, newValue == .drawn ? true : nil) }
  }
}
