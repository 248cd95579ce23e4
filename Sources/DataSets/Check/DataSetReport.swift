import Foundation
import Images

/// What a look at every picture and caption of a folder shows.
public struct DataSetReport: Codable, Sendable, Equatable {
  /// A file, and what is wrong with it.
  public struct Finding: Codable, Sendable, Equatable {
    public let file: String
    public let reason: String
  }

  /// Least, middle and greatest of some numbers.
  public struct Spread: Codable, Sendable, Equatable {
    public let least, median, greatest: Int

    init?(_ values: [Int]) {
      let sorted = values.sorted()
      guard let first = sorted.first, let last = sorted.last else { return nil }
      (least, median, greatest) = (first, sorted[sorted.count / 2], last)
    }
  }

  /// How often something occurs.
  public struct Count: Codable, Sendable, Equatable {
    public let what: String
    public let count: Int
  }

  /// Captions of the readable pictures.
  public struct Captions: Codable, Sendable, Equatable {
    public let empty, different: Int
    public let words: Spread?
    /// The most frequent ones.
    public let common: [Count]
  }

  /// Pictures that can be read.
  public let pictures: Int
  public let broken: [Finding]
  /// Names in tables of captions without a picture.
  public let missing: [String]
  /// Pictures in formats that are not read here: they are left out.
  public let unread: [String]
  /// Texts beside which there is no picture of their name.
  public let stray: [String]
  /// Files whose name says another format than their content.
  public let misnamed: [Finding]
  public let width, height: Spread?
  /// Sizes, the most frequent first, at most ten.
  public let sizes: [Count]
  /// Pictures whose short side is below what was asked about.
  public let small: [String]
  /// Groups of pictures that look the same.
  public let duplicates: [[String]]
  public let captions: Captions

  /// Whether training would miss something that the folder promises.
  public var isDamaged: Bool { !broken.isEmpty || !missing.isEmpty }

  /// Looks at a folder, a picture in memory at a time.
  /// - Parameters:
  ///   - side: short sides below this are listed.
  ///   - progress: told how many pictures were looked at, and how many there are.
  ///   - shouldStop: asked before each picture; the report is of what was seen.
  public init(
    _ set: FolderDataSet, side: Int? = nil, progress: (Int, Int) -> Void = { _, _ in },
    shouldStop: () -> Bool = { false }
  ) {
    var (broken, misnamed, small) = ([Finding](), [Finding](), [String]())
    var (widths, heights, words) = ([Int](), [Int](), [Int]())
    var (sizes, texts) = ([String: Int](), [String: Int]())
    var finder = DuplicateFinder()
    for index in 0..<set.count {
      if shouldStop() { break }
      let (name, url) = (set.names[index], set.url(index))
      progress(index, set.count)
      do {
        let format = try ImageHeader(url).format
        let image = try ImageFile.load(url)
        let isPNG = url.pathExtension.lowercased() == "png"
        if isPNG != (format == .png) { misnamed.append(Finding(file: name, reason: "is a \(format.rawValue)")) }
        widths.append(image.width)
        heights.append(image.height)
        sizes["\(image.width) × \(image.height)", default: 0] += 1
        if let side, min(image.width, image.height) < side { small.append(name) }
        finder.add(image, number: index)
        let caption = try set.caption(index)
        texts[caption, default: 0] += 1
        if !caption.isEmpty { words.append(caption.split(whereSeparator: \.isWhitespace).count) }
      } catch let error as ImageError {
        broken.append(Finding(file: name, reason: Self.reason(error)))
      } catch {
        broken.append(Finding(file: name, reason: "\(error)"))
      }
    }
    progress(set.count, set.count)
    pictures = widths.count
    (missing, unread, stray) = (set.skipped.map(\.file), set.otherPictures, set.strayCaptions)
    (self.broken, self.misnamed, self.small) = (broken, misnamed, small)
    (width, height) = (Spread(widths), Spread(heights))
    self.sizes = Self.most(sizes, 10)
    duplicates = finder.groups.map { $0.map { set.names[$0] } }
    let empty = texts.removeValue(forKey: "") ?? 0
    captions = Captions(empty: empty, different: texts.count, words: Spread(words), common: Self.most(texts, 5))
  }

  /// Without the path, which the finding names.
  private static func reason(_ error: ImageError) -> String {
    if case .inFile(_, let inside) = error { return inside.description }
    if case .unreadable(_, let reason) = error { return reason }
    return error.description
  }

  private static func most(_ counts: [String: Int], _ limit: Int) -> [Count] {
    let sorted = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    return sorted.prefix(limit).map { Count(what: $0.key, count: $0.value) }
  }
}
