import Foundation
import Images

/// The pictures another one was made from.
package struct PictureSources: Sendable {
  /// The picture that was changed.
  package var image: URL?
  /// Where it was changed.
  package var mask: URL?

  package init(image: URL? = nil, mask: URL? = nil) { (self.image, self.mask) = (image, mask) }
}

/// `sources/` holds what pictures were made from, under their names: `2026-11-26/143015-42.image.png` and `.mask.png`. A job's
/// pictures share one file on disk.
extension Gallery {
  package enum Source: String, CaseIterable, Sendable { case image, mask }

  /// Keeps what a picture was made from. Where that does not work, only a way to make it again is lost.
  func keep(_ sources: PictureSources, of file: String) {
    for (kind, source) in [(Source.image, sources.image), (.mask, sources.mask)] {
      guard let source else { continue }
      let place = url(of: kind, file).appendingPathExtension(source.pathExtension)
      try? FileManager.default.createDirectory(at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
      do { try FileManager.default.linkItem(at: source, to: place) } catch {
        try? FileManager.default.copyItem(at: source, to: place)
      }
    }
  }

  /// What a picture was made from.
  /// - Throws: `GalleryError.unknown` also where it was made from words alone, or where that is not kept.
  package func source(_ kind: Source, of id: Int64) throws -> (data: Data, format: ImageError.Format) {
    guard let url = found(kind, try file(of: id)) else { throw GalleryError.noSource(id: id, kind: kind.rawValue) }
    do { return (try Data(contentsOf: url), url.pathExtension == "png" ? .png : .jpeg) } catch {
      throw GalleryError(error, at: url.path)
    }
  }

  /// Which of them are kept.
  func sources(of file: String) -> [Source] { Source.allCases.filter { found($0, file) != nil } }

  func removeSources(of file: String) {
    for kind in Source.allCases { if let url = found(kind, file) { try? FileManager.default.removeItem(at: url) } }
  }

  private func found(_ kind: Source, _ file: String) -> URL? {
    ["png", "jpg"].map { url(of: kind, file).appendingPathExtension($0) }
      .first { FileManager.default.fileExists(atPath: $0.path) }
  }

  /// Without the ending.
  private func url(of kind: Source, _ file: String) -> URL {
    folder.appendingPathComponent("sources/\((file as NSString).deletingPathExtension).\(kind.rawValue)")
  }
}
