import Foundation
import ModelFiles

/// Where the data a recipe names lies.
package enum DataLocation {
  /// The file or folder of a path: from the working directory if it is there, else from the folder that holds
  /// `Pipelines/`, so that shipped recipes run from anywhere.
  package static func url(_ path: String, home: URL = ModelLocator().home) -> URL {
    let here = URL(fileURLWithPath: path)
    let shipped = home.appendingPathComponent(path)
    let files = FileManager.default
    return !files.fileExists(atPath: here.path) && files.fileExists(atPath: shipped.path) ? shipped : here
  }
}
