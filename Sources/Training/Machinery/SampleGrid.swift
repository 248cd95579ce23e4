import Foundation
import Images

/// The pictures of a run on its way.
enum SampleGrid {
  /// Writes pictures side by side as `samples-STEP.png`.
  static func save(_ images: [Image], columns: Int, step: Int, in folder: URL) throws -> URL {
    let url = folder.appendingPathComponent("samples-\(step).png")
    try ImageFile.save(ImageGrid.make(images, columns: columns, padding: 2), to: url, text: [])
    return url
  }
}
