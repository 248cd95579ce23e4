/// How pictures are imported.
public struct ImportOptions: Sendable {
  /// The caption, made of columns; the source's own if nil.
  public var caption: CaptionTemplate?
  /// The column of a Parquet file that holds the pictures, if it cannot be told.
  public var imageColumn: String?
  /// Most pictures to take.
  public var limit: Int?
  /// Pixels of the short side; larger pictures are scaled down to it.
  public var resize: Int?
  /// Which part of an IDX or CIFAR-10 data set is taken.
  public var split: Split?
  /// Names of the labels 0, 1, ... of an IDX or CIFAR-10 data set.
  public var labels: [String]?

  /// Parts of a data set.
  public enum Split: String, Sendable, CaseIterable {
    case train, test
  }

  public init() {}

  /// What makes one import differ from another, for going on with one.
  func request(source: String) -> JSONValue {
    .object([
      "source": .text(source), "caption": caption.map { .text($0.source) } ?? .null,
      "image_column": imageColumn.map { .text($0) } ?? .null, "limit": limit.map { .int(Int64($0)) } ?? .null,
      "resize": resize.map { .int(Int64($0)) } ?? .null, "split": split.map { .text($0.rawValue) } ?? .null,
      "labels": labels.map { .array($0.map { .text($0) }) } ?? .null,
    ])
  }
}
