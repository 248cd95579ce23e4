import Foundation

/// What the head of a picture file says, read without the picture.
public struct ImageHeader: Sendable, Equatable {
  /// By content, whatever the name says.
  public let format: ImageError.Format
  /// Pixels per row of the upright picture.
  public let width: Int
  /// Rows of the upright picture.
  public let height: Int

  private static let first = 1 << 16

  /// Reads the head of a file; a JPEG's may lie behind much else, such as colour profiles.
  /// - Throws: as `ImageFile.load`, as far as the head shows it.
  public init(_ url: URL) throws(ImageError) {
    guard let file = try? FileHandle(forReadingFrom: url) else {
      // Says why.
      _ = try ImageFile.read(url) { _ throws(ImageError) in () }
      throw .unreadable(path: url.path, reason: "it cannot be opened; check its permissions")
    }
    defer { try? file.close() }
    var bytes = Data()
    var wanted = Self.first
    while true {
      // The end of the file is nil too.
      do { bytes += try file.read(upToCount: wanted - bytes.count) ?? Data() } catch {
        throw .unreadable(path: url.path, reason: "it cannot be read; is it a folder?")
      }
      let isAll = bytes.count < wanted
      do {
        if let header = try Self(prefix: bytes, isAll: isAll) {
          self = header
          return
        }
      } catch {
        throw .inFile(path: url.path, error)
      }
      wanted *= 4
    }
  }

  /// Reads the head of a file's content.
  public init(_ bytes: some ContiguousBytes) throws(ImageError) {
    let data = bytes.withUnsafeBytes { Data($0) }
    guard let header = try Self(prefix: data, isAll: true) else {
      throw .corrupt(.jpeg, reason: "it ends before the picture")
    }
    self = header
  }

  /// nil if the head goes on behind the bytes given.
  private init?(prefix bytes: Data, isAll: Bool) throws(ImageError) {
    let found: Result<ImageHeader?, ImageError> = bytes.withUnsafeBytes { raw in
      switch FileSignature.format(raw) {
      case .png: return Self.png(raw).map { $0 }
      case .jpeg: return Self.jpeg(raw, isAll: isAll)
      case nil: return .failure(.unknownFormat(found: FileSignature.describe(raw)))
      }
    }
    guard let header = try found.get() else { return nil }
    self = header
  }

  private init(format: ImageError.Format, width: Int, height: Int) {
    (self.format, self.width, self.height) = (format, width, height)
  }

  private static func big(_ raw: UnsafeRawBufferPointer, _ position: Int, _ count: Int) -> Int {
    raw[position..<(position + count)].reduce(0) { $0 << 8 | Int($1) }
  }

  private static func png(_ raw: UnsafeRawBufferPointer) -> Result<ImageHeader, ImageError> {
    guard raw.count >= 33, raw[12..<16].elementsEqual("IHDR".utf8) else {
      return .failure(.corrupt(.png, reason: "it ends before the picture"))
    }
    let (width, height) = (big(raw, 16, 4), big(raw, 20, 4))
    guard width > 0, height > 0 else { return .failure(.corrupt(.png, reason: "its size is 0")) }
    return .success(ImageHeader(format: .png, width: width, height: height))
  }

  /// Walks over the segments to the one that starts the frame.
  private static func jpeg(_ raw: UnsafeRawBufferPointer, isAll: Bool) -> Result<ImageHeader?, ImageError> {
    func ended() -> Result<ImageHeader?, ImageError> {
      isAll ? .failure(.corrupt(.jpeg, reason: "it ends before the picture")) : .success(nil)
    }
    var position = 2
    while position + 4 <= raw.count {
      guard raw[position] == 0xff else { return .failure(.corrupt(.jpeg, reason: "its segments are garbled")) }
      let marker = raw[position + 1]
      if marker == 0xff {  // fill byte
        position += 1
        continue
      }
      let isFrame = (0xc0...0xcf).contains(marker) && ![0xc4, 0xc8, 0xcc].contains(marker)
      if isFrame {
        guard position + 9 <= raw.count else { return ended() }
        let (height, width) = (big(raw, position + 5, 2), big(raw, position + 7, 2))
        guard width > 0, height > 0 else { return .failure(.corrupt(.jpeg, reason: "its size is 0")) }
        let turned = (5...8).contains(EXIF(jpeg: raw)?.orientation ?? 1)
        return .success(
          ImageHeader(format: .jpeg, width: turned ? height : width, height: turned ? width : height))
      }
      if marker == 0xd9 || marker == 0xda {
        return .failure(.corrupt(.jpeg, reason: "it has no frame before its data"))
      }
      let isBare = marker == 0x01 || (0xd0...0xd8).contains(marker)
      position += isBare ? 2 : 2 + max(2, big(raw, position + 2, 2))
    }
    return ended()
  }
}
