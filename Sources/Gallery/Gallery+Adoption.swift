import Files
import Foundation
import GRDB
import Images

extension Gallery {
  /// Makes files and rows agree: a file without a row is taken in with the settings it carries, a row without a file is dropped.
  func adopt() throws {
    let known = try database.read { db in try Set(String.fetchAll(db, sql: "SELECT file FROM pictures")) }
    let found = files()
    let gone = known.subtracting(found)
    try database.write { db in
      for file in gone { try db.execute(sql: "DELETE FROM pictures WHERE file = ?", arguments: [file]) }
    }
    for file in gone { removeSources(of: file) }
    for file in found.subtracting(known).sorted() {
      // What is no picture is somebody else's.
      guard let data = try? Data(contentsOf: url(ofFile: file)), let header = try? ImageHeader(data) else { continue }
      let read = try? PictureSettings(picture: data)
      var row = try PictureRow(
        record: read?.settings.job ?? .init(), infotext: read?.infotext ?? "", job: "", index: 0, header: header)
      let values = try? url(ofFile: file).resourceValues(forKeys: [.contentModificationDateKey])
      row.made = (values?.contentModificationDate ?? .now).timeIntervalSince1970
      _ = try insert(row, file: file)
    }
  }

  /// Pictures below `pictures/`, one folder deep.
  private func files() -> Set<String> {
    let manager = FileManager.default
    func names(_ folder: String) -> [String] {
      ((try? manager.contentsOfDirectory(atPath: url(ofFile: folder).path)) ?? []).filter {
        !$0.hasPrefix(".")
      }
    }
    let endings: Set = ["png", "jpg", "jpeg"]
    return Set(
      names("").flatMap { day in names(day).map { "\(day)/\($0)" } }.filter {
        endings.contains(($0 as NSString).pathExtension.lowercased())
      })
  }
}
