/// Checks that vocabulary, merges and added tokens belong together, and indexes them.
struct DefinitionCheck {
  /// The tokens by id.
  let tokens: [String]
  let encoding: BytePairEncoding
  private let ids: [String: Int32]
  private let path: String

  init(_ definition: TokenizerDefinition) throws(TokenizerError) {
    path = definition.vocabularyPath
    var ids = definition.vocabulary
    for (token, id) in definition.addedTokens {
      guard ids[token] ?? id == id, !token.isEmpty else {
        throw .duplicateToken(path: path, token: token)
      }
      ids[token] = id
    }
    self.ids = ids
    tokens = try Self.ordered(ids, path: path)

    var reachable = [Bool](repeating: false, count: tokens.count)
    encoding = try Self.index(definition, ids, &reachable)
    let roles = [
      definition.startToken ?? TokenizerDefinition.startToken,
      definition.endToken ?? TokenizerDefinition.endToken, definition.padToken,
    ]
    let given =
      ByteAlphabet.tokens + definition.addedTokens.map(\.token) + roles.compactMap { $0 }
    for token in given {
      if let id = ids[token] { reachable[Int(id)] = true }
    }
    // A list of merges cut off between two lines shows only by what it no longer makes.
    if let id = reachable.firstIndex(of: false) {
      throw .unreachableToken(
        path: definition.mergesPath, token: tokens[id], merges: definition.merges.count)
    }
  }

  /// - Throws: `missingToken` if the vocabulary does not have it.
  func id(_ token: String, role: String) throws(TokenizerError) -> Int32 {
    guard let id = ids[token] else {
      throw .missingToken(path: path, token: token, role: role)
    }
    return id
  }

  /// The ids of the 256 bytes, spelled with a suffix.
  func byteIDs(suffix: String) throws(TokenizerError) -> [Int32] {
    var byteIDs: [Int32] = []
    for scalar in ByteAlphabet.scalars {
      byteIDs.append(try id(String(scalar) + suffix, role: "byte"))
    }
    return byteIDs
  }

  private static func ordered(
    _ ids: [String: Int32], path: String
  ) throws(TokenizerError) -> [String] {
    var tokens = [String?](repeating: nil, count: ids.count)
    var beyond: Int32?
    for (token, id) in ids {
      guard tokens.indices.contains(Int(id)) else {
        beyond = id
        continue
      }
      if let other = tokens[Int(id)] {
        throw .duplicateID(path: path, id: Int(id), tokens: [other, token].sorted())
      }
      tokens[Int(id)] = token
    }
    // An id beyond the count, or below 0, leaves a hole somewhere below it.
    if beyond != nil, let hole = tokens.firstIndex(of: nil) {
      throw .missingID(path: path, id: hole, count: ids.count)
    }
    return tokens.compactMap { $0 }
  }

  private static func index(
    _ definition: TokenizerDefinition, _ ids: [String: Int32], _ reachable: inout [Bool]
  ) throws(TokenizerError) -> BytePairEncoding {
    var encoding = BytePairEncoding(capacity: definition.merges.count)
    for (rank, (left, right)) in definition.merges.enumerated() {
      func id(_ token: String) throws(TokenizerError) -> Int32 {
        guard let id = ids[token] else {
          throw .unknownMergeToken(path: definition.mergesPath, merge: rank + 1, token: token)
        }
        return id
      }
      let result = try id(left + right)
      guard encoding.add(try id(left), try id(right), rank: rank, result: result) else {
        throw .duplicateMerge(
          path: definition.mergesPath, merge: rank + 1, pair: "\(left) \(right)")
      }
      reachable[Int(result)] = true
    }
    return encoding
  }
}
