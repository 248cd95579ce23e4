import Foundation
import GRDB

extension Gallery {
  /// Most pictures of one answer.
  package static let pageLimit = 200

  /// Pictures, the latest first.
  /// - Parameters:
  ///   - query: words that prompt, negative prompt, model or seed must have, each whole or begun.
  ///   - favourite: only these, if true.
  ///   - before: only pictures with lower numbers.
  ///   - limit: at most so many, 1 to `pageLimit`.
  package func pictures(
    query: String = "", favourite: Bool = false, before: Int64? = nil, limit: Int = 60
  ) throws -> [GalleryPicture] {
    var (conditions, arguments) = ([String](), StatementArguments())
    if let pattern = Self.pattern(query) {
      conditions.append("id IN (SELECT rowid FROM pictures_words WHERE pictures_words MATCH ?)")
      arguments += [pattern]
    }
    if favourite { conditions.append("favourite") }
    if let before {
      conditions.append("id < ?")
      arguments += [before]
    }
    let condition = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
    arguments += [min(max(limit, 1), Self.pageLimit)]
    let sql = "SELECT \(GalleryPicture.columns) FROM pictures \(condition) ORDER BY id DESC LIMIT ?"
    return try answer { db in try GalleryPicture.fetchAll(db, sql: sql, arguments: arguments) }
  }

  /// A picture with all of its settings.
  /// - Throws: `GalleryError.unknown`.
  package func details(of id: Int64) throws -> GalleryPictureDetails {
    let sql = "SELECT \(GalleryPicture.columns), file, settings, infotext FROM pictures WHERE id = ?"
    return try answer { db in
      guard let row = try Row.fetchOne(db, sql: sql, arguments: [id]) else { throw GalleryError.unknown(id: id) }
      return GalleryPictureDetails(
        picture: try GalleryPicture(row: row), settings: row["settings"], infotext: row["infotext"],
        sources: sources(of: row["file"]).map(\.rawValue))
    }
  }

  /// Pictures in all.
  package func count() throws -> Int {
    try answer { db in try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM pictures") ?? 0 }
  }

  /// Reads the database.
  func answer<Value>(_ read: (Database) throws -> Value) throws -> Value {
    do { return try database.read(read) } catch { throw GalleryError(error, at: folder.path) }
  }

  /// What FTS5 looks for: every word is quoted, so that none is an operator of its language.
  private static func pattern(_ query: String) -> String? {
    let words = query.split { !$0.isLetter && !$0.isNumber }
    return words.isEmpty ? nil : words.map { "\"\($0)\"*" }.joined(separator: " ")
  }
}
