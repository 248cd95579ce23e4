import DataSets
import Synchronization

/// A data set with the next example in place of one that cannot be used, which is named once.
///
/// A run asks for examples on one thread, that which `note` belongs to.
final class UsableImages: CaptionedImages, @unchecked Sendable {
  private let images: any CaptionedImages
  private let note: (String) -> Void
  private let said = Mutex<Set<String>>([])

  /// - Parameter note: told why an example is passed over.
  init(_ images: any CaptionedImages, note: @escaping (String) -> Void) { (self.images, self.note) = (images, note) }

  var count: Int { images.count }

  func example(_ index: Int, size: Int) throws -> CaptionedImage {
    try images.usableExample(index, size: size) { error in
      let line = "skipped \(error)"
      if said.withLock({ $0.insert(line).inserted }) { note(line) }
    }
  }
}
