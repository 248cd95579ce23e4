import Foundation
import Images

/// The pictures of a run on its way.
public enum SampleGrid {
  private static let prefix = "samples-"

  /// Those in a run's folder, by their step.
  public static func files(in folder: URL) -> [(step: Int, file: URL)] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    let found = names.compactMap { name -> (step: Int, file: URL)? in
      guard name.hasPrefix(prefix), name.hasSuffix(".png") else { return nil }
      return Int(name.dropFirst(prefix.count).dropLast(4)).map { ($0, folder.appendingPathComponent(name)) }
    }
    return found.sorted { $0.step < $1.step }
  }

  /// Writes pictures side by side as `samples-STEP.png`.
  package static func save(_ images: [Image], columns: Int, step: Int, in folder: URL) throws -> URL {
    let url = folder.appendingPathComponent("\(prefix)\(step).png")
    try ImageFile.save(ImageGrid.make(images, columns: columns, padding: 2), to: url, text: [])
    return url
  }
}
