extension KeyedDecodingContainer {
  /// Reads a setting over its usual value, which stays where the file says nothing or null.
  public func read<Value: Decodable>(_ key: Key, into setting: inout Value) throws {
    setting = try decodeIfPresent(Value.self, forKey: key) ?? setting
  }

  /// Reads a setting that may be null over its usual value: only a file that does not name it leaves that.
  public func read<Value: Decodable>(_ key: Key, orNullInto setting: inout Value?) throws {
    if contains(key) { setting = try decodeIfPresent(Value.self, forKey: key) }
  }
}
