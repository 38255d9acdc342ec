#include "indexer/store/row_chunk.h"

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <bit>

#include "indexer/store/bits.h"
#include "indexer/store/chunk_time.h"
#include "schemas/limits.h"

// On disk, version 0: never renumber. In stream order:
//   version:2=0  gamma(rows)  unit:2  first time  [rows>1: rice parameter:6]  [rows>kSpanRows: sized(span in units)]
//   one precision:1 [precision:4]  fingerprints:2 (none, all, mixed)
//   tables of users, outcomes, services, device attributes: gamma(count), codes as golomb(code), 0 then length:8, bytes
//   gamma(transactions)  usual ids:1  one service a transaction:1  [transactions>1: rice parameter of counters:6]
//   rows: link to a transaction, and where that is new its user, ids, counter and service; outcome; device attributes;
//         time delta; [precision:4] [fingerprint present:1] [fingerprint:16]
namespace satindex::store {
namespace {

using schemas::limits::kChunkRowsMax;

constexpr uint32_t kSpanRows =
    16;  // shorter chunks are decoded sooner than their span is worth its bits
constexpr std::array<uint32_t, kSymbolClasses> kCodeLowBits = {6, 6, 3, 3};
// Users and outcomes first: a reader that only wants to know who is inside stops there.
constexpr std::array<SymbolClass, kSymbolClasses> kTableOrder = {
    SymbolClass::kUser, SymbolClass::kOutcome, SymbolClass::kService, SymbolClass::kDevice};
enum FingerprintMode : uint32_t { kFpNone = 0, kFpAll = 1, kFpMixed = 2 };
enum IdKind : uint32_t { kIdNone = 0, kIdUsual = 1, kIdLastTarget = 2, kIdFull = 3 };

constexpr size_t at(SymbolClass c) { return static_cast<size_t>(c); }

struct Table {
  uint32_t n = 0;
  std::array<uint32_t, kChunkRowsMax> codes;
  // Eight at a time: a full chunk has dozens of Users and services, and looks each row's up.
  uint32_t index(uint32_t code) {
    static_assert(kChunkRowsMax % 8 == 0);
    const __m256i wanted = _mm256_set1_epi32(static_cast<int>(code));
    for (uint32_t i = 0; i < n; i += 8) {
      const __m256i here = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(&codes[i]));
      const auto equal = static_cast<uint32_t>(
          _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpeq_epi32(here, wanted))));
      const uint32_t at = i + static_cast<uint32_t>(std::countr_zero(equal | 0x100u));
      if (equal != 0 && at < n) return at;
    }
    if (n % 8 == 0) std::fill_n(codes.begin() + n, 8, 0);
    codes[n] = code;
    return n++;
  }
};

struct Transaction {
  uint32_t user = 0;  // index in the user table
  uint8_t ids = 0;    // of kRowRequestFlags
  uint64_t originator = 0, target = 0, counter = 0;
  uint32_t service = 0;  // index in the service table, of its newest row
  bool same(uint32_t u, const CodedRow& r) const {
    return counter == r.counter && user == u && originator == r.originator && target == r.target &&
           ids == (r.flags & kRowRequestFlags);
  }
};

class Encoder {
 public:
  Encoder(const ChunkContext& context, std::span<const CodedRow> rows, const LiteralTable& literals,
          std::string* out)
      : context_(context), rows_(rows), literals_(literals), w_(out) {}

  void run() {
    survey();
    put_header();
    put_rows();
    w_.finish();
  }

 private:
  void survey() {
    const uint32_t n = static_cast<uint32_t>(rows_.size());
    for (uint32_t i = 0; i < n; ++i) {
      const CodedRow& r = rows_[i];
      for (size_t c = 0; c < kSymbolClasses; ++c)
        index_[i][c] = static_cast<uint8_t>(tables_[c].index(r.symbol[c]));
      link(i, r);
      if (r.decimals != rows_[0].decimals) one_precision_ = false;
      fingerprints_ += r.has(kRowHasFingerprint) ? 1 : 0;
    }
    unit_ = common_unit(rows_);
    span_ = static_cast<uint64_t>(in_units(rows_[0].time_ns - rows_[n - 1].time_ns, unit_));
    time_k_ = rice_parameter(span_, n - 1);
  }

  void link(uint32_t i, const CodedRow& r) {
    const uint32_t user = index_[i][at(SymbolClass::kUser)];
    const uint32_t service = index_[i][at(SymbolClass::kService)];
    for (uint32_t t = transactions_n_; t > 0; --t) {
      if (!transactions_[t - 1].same(user, r)) continue;
      if (transactions_[t - 1].service != service) one_service_ = false;
      transaction_of_[i] = static_cast<uint8_t>(t - 1);
      return;
    }
    Transaction& t = transactions_[transactions_n_];
    t = {user,         static_cast<uint8_t>(r.flags & kRowRequestFlags),
         r.originator, r.target,
         r.counter,    service};
    if (t.ids != kRowRequestFlags) usual_ids_ = false;
    if (t.ids & kRowHasRequest) {
      uint64_t& last = counter_of_user_[user];
      if (last != 0) {
        counter_sum_ +=
            std::min<uint64_t>(zigzag(static_cast<int64_t>(last - r.counter)), uint64_t{1} << 50);
        ++counter_deltas_;
      }
      last = r.counter;
    }
    transaction_of_[i] = static_cast<uint8_t>(transactions_n_++);
  }

  void put_header() {
    const uint32_t n = static_cast<uint32_t>(rows_.size());
    w_.put(0, 2);
    w_.gamma(n);
    w_.put(unit_, 2);
    put_first_time(rows_[0].time_ns, context_.bucket, unit_, &w_);
    if (n > 1) w_.put(time_k_, 6);
    if (n > kSpanRows) w_.sized(span_);
    w_.put(one_precision_ ? 1 : 0, 1);
    if (one_precision_) w_.put(rows_[0].decimals, 4);
    fp_mode_ = fingerprints_ == 0 ? kFpNone : fingerprints_ == n ? kFpAll : kFpMixed;
    w_.put(fp_mode_, 2);
    for (const SymbolClass c : kTableOrder) put_table(c);
    w_.gamma(transactions_n_);
    w_.put(usual_ids_ ? 1 : 0, 1);
    w_.put(one_service_ ? 1 : 0, 1);
    counter_k_ = rice_parameter(counter_sum_, counter_deltas_);
    if (transactions_n_ > 1) w_.put(counter_k_, 6);
  }

  void put_table(SymbolClass c) {
    const Table& t = tables_[at(c)];
    w_.gamma(t.n);
    for (uint32_t i = 0; i < t.n; ++i) {
      if (!(t.codes[i] & kLiteralBit)) {
        w_.golomb(t.codes[i], kCodeLowBits[at(c)]);
        continue;
      }
      const std::string& bytes = literals_.at(t.codes[i]).bytes;
      w_.golomb(kNoCode, kCodeLowBits[at(c)]);
      w_.put(bytes.size(), 8);
      for (const char b : bytes) w_.put(static_cast<uint8_t>(b), 8);
    }
  }

  void put_rows() {
    uint32_t seen = 0;
    uint32_t previous = 0;
    std::fill_n(counter_of_user_.begin(), tables_[0].n, 0);
    for (uint32_t i = 0; i < rows_.size(); ++i) {
      const uint32_t t = transaction_of_[i];
      const uint32_t service = index_[i][at(SymbolClass::kService)];
      const bool fresh = t == seen;
      if (transactions_n_ > 1 && i > 0) put_link(t, previous, seen);
      if (fresh) {
        ++seen;
        put_transaction(transactions_[t], service);
      } else if (!one_service_) {
        w_.put(service, index_bits(tables_[at(SymbolClass::kService)].n));
      }
      previous = t;
      w_.put(index_[i][at(SymbolClass::kOutcome)],
             index_bits(tables_[at(SymbolClass::kOutcome)].n));
      w_.put(index_[i][at(SymbolClass::kDevice)], index_bits(tables_[at(SymbolClass::kDevice)].n));
      if (i > 0) {
        const int64_t step = rows_[i - 1].time_ns - rows_[i].time_ns;
        w_.rice(static_cast<uint64_t>(in_units(step, unit_)), time_k_);
      }
      if (!one_precision_) w_.put(rows_[i].decimals, 4);
      const bool fp = rows_[i].has(kRowHasFingerprint);
      if (fp_mode_ == kFpMixed) w_.put(fp ? 1 : 0, 1);
      if (fp) w_.put(rows_[i].fingerprint, 16);
    }
  }

  void put_link(uint32_t t, uint32_t previous, uint32_t seen) {
    if (t == previous) {
      w_.put(0, 1);
      return;
    }
    w_.put(1, 1);
    if (seen < transactions_n_) w_.put(t == seen ? 1 : 0, 1);
    if (t != seen) w_.put(t, index_bits(seen));
  }

  void put_transaction(const Transaction& t, uint32_t service) {
    w_.put(t.user, index_bits(tables_[at(SymbolClass::kUser)].n));
    w_.put(service, index_bits(tables_[at(SymbolClass::kService)].n));
    if (!usual_ids_) put_ids(t);
    if (!(t.ids & kRowHasRequest)) return;
    uint64_t& last = counter_of_user_[t.user];
    if (last == 0) {
      w_.sized(t.counter);
    } else {
      w_.rice(zigzag(static_cast<int64_t>(last - t.counter)), counter_k_);
    }
    last = t.counter;
  }

  void put_ids(const Transaction& t) {
    const bool raw_target = !(t.ids & kRowTargetIsDevice);
    IdKind kind = kIdFull;
    if (!(t.ids & kRowHasRequest)) {
      kind = kIdNone;
    } else if (t.ids == kRowRequestFlags) {
      kind = kIdUsual;
    } else if ((t.ids & kRowOriginatorIsUser) && raw_target && t.target == last_target_) {
      kind = kIdLastTarget;
    }
    w_.put(kind, 2);
    if (kind != kIdFull) return;
    w_.put((t.ids & kRowOriginatorIsUser) ? 1 : 0, 1);
    if (!(t.ids & kRowOriginatorIsUser)) w_.put(t.originator, 64);
    w_.put(raw_target ? 0 : 1, 1);
    if (raw_target) {
      w_.put(t.target, 64);
      last_target_ = t.target;
    }
  }

  const ChunkContext& context_;
  std::span<const CodedRow> rows_;
  const LiteralTable& literals_;
  BitWriter w_;
  std::array<Table, kSymbolClasses> tables_;
  std::array<std::array<uint8_t, kSymbolClasses>, kChunkRowsMax> index_;
  std::array<Transaction, kChunkRowsMax> transactions_;
  std::array<uint8_t, kChunkRowsMax> transaction_of_;
  std::array<uint64_t, kChunkRowsMax>
      counter_of_user_{};  // 0: none yet; a counter of 0 costs a few bits, no more
  uint32_t transactions_n_ = 0;
  uint64_t counter_sum_ = 0, counter_deltas_ = 0;
  uint32_t fingerprints_ = 0;
  uint32_t unit_ = 0, time_k_ = 0, counter_k_ = 0;
  uint64_t span_ = 0, last_target_ = 0;
  FingerprintMode fp_mode_ = kFpNone;
  bool one_precision_ = true, usual_ids_ = true, one_service_ = true;
};

class Decoder {
 public:
  Decoder(const ChunkContext& context, std::string_view bytes, LiteralTable* literals)
      : context_(context), r_(bytes), literals_(literals) {}

  // Up to and including the tables of users and outcomes.
  bool head() {
    if (r_.get(2) != 0) return false;
    const uint64_t n = r_.gamma();
    if (!r_.ok() || n > kChunkRowsMax) return false;
    n_ = static_cast<uint32_t>(n);
    unit_ = static_cast<uint32_t>(r_.get(2));
    newest_ = get_first_time(context_.bucket, unit_, &r_);
    oldest_ = n_ == 1 ? newest_ : bucket_start(context_.bucket);
    if (n_ > 1) time_k_ = static_cast<uint32_t>(r_.get(6));
    if (n_ > kSpanRows) {
      oldest_ = static_cast<int64_t>(static_cast<uint64_t>(newest_) -
                                     r_.sized() * static_cast<uint64_t>(unit_ns()));
    }
    one_precision_ = r_.get(1) != 0;
    if (one_precision_) precision_ = static_cast<uint8_t>(r_.get(4));
    fp_mode_ = static_cast<uint32_t>(r_.get(2));
    return r_.ok() && time_k_ <= 50 && precision_ <= 9 && fp_mode_ <= kFpMixed &&
           table(SymbolClass::kUser) && table(SymbolClass::kOutcome);
  }

  bool rows(int64_t not_before, std::vector<CodedRow>* out) {
    if (!table(SymbolClass::kService) || !table(SymbolClass::kDevice)) return false;
    const uint64_t transactions = r_.gamma();
    if (!r_.ok() || transactions > n_) return false;
    transactions_n_ = static_cast<uint32_t>(transactions);
    usual_ids_ = r_.get(1) != 0;
    one_service_ = r_.get(1) != 0;
    if (transactions_n_ > 1) counter_k_ = static_cast<uint32_t>(r_.get(6));
    if (counter_k_ > 50) return false;
    std::fill_n(counter_of_user_.begin(), tables_[0].n, 0);
    const size_t first = out->size();
    out->resize(first + n_);
    uint32_t previous = 0;
    int64_t time = newest_;
    for (uint32_t i = 0; i < n_; ++i) {
      if (!row(i, &previous, &time, &(*out)[first + i])) {
        out->resize(first);
        return false;
      }
      if (time < not_before) {
        out->resize(first + i);
        break;
      }
    }
    return true;
  }

  void fill(RowChunkHeader* h) const {
    h->rows = n_;
    h->newest_ns = newest_;
    h->oldest_ns = oldest_;
    const auto copy = [](const Table& t, std::vector<uint32_t>* codes) {
      codes->assign(t.codes.begin(), t.codes.begin() + t.n);
      for (uint32_t& c : *codes) {
        if (c & kLiteralBit) c = kNoCode;
      }
    };
    copy(tables_[at(SymbolClass::kUser)], &h->users);
    copy(tables_[at(SymbolClass::kOutcome)], &h->outcomes);
  }

 private:
  int64_t unit_ns() const { return kTimeUnits[unit_].ns; }

  bool table(SymbolClass c) {
    Table& t = tables_[at(c)];
    const uint64_t n = r_.gamma();
    if (!r_.ok() || n > n_) return false;
    t.n = static_cast<uint32_t>(n);
    for (uint32_t i = 0; i < t.n; ++i) {
      const uint64_t code = r_.golomb(kCodeLowBits[at(c)]);
      if (!r_.ok() || code >= kLiteralBit) return false;
      t.codes[i] = static_cast<uint32_t>(code);
      if (code == kNoCode && !literal(c, &t.codes[i])) return false;
    }
    return true;
  }

  bool literal(SymbolClass c, uint32_t* code) {
    std::string bytes(r_.get(8), '\0');
    for (char& b : bytes) b = static_cast<char>(r_.get(8));
    if (!r_.ok()) return false;
    *code = literals_ == nullptr ? kLiteralBit : literals_->add(c, bytes);
    return *code != kNoCode;
  }

  uint32_t index(SymbolClass c) {
    return static_cast<uint32_t>(r_.get(index_bits(tables_[at(c)].n)));
  }

  bool row(uint32_t i, uint32_t* previous, int64_t* time, CodedRow* out) {
    const uint32_t t = i == 0 ? 0 : transactions_n_ > 1 ? link(*previous) : 0;
    if (t > seen_ || t >= transactions_n_) return false;
    if (t == seen_) {
      ++seen_;
      if (!transaction(&transactions_[t])) return false;
      service_ = transactions_[t].service;
    } else {
      service_ = one_service_ ? transactions_[t].service : index(SymbolClass::kService);
    }
    *previous = t;
    const uint32_t outcome = index(SymbolClass::kOutcome);
    const uint32_t device = index(SymbolClass::kDevice);
    if (outcome >= tables_[at(SymbolClass::kOutcome)].n ||
        device >= tables_[at(SymbolClass::kDevice)].n ||
        service_ >= tables_[at(SymbolClass::kService)].n) {
      return false;
    }
    if (i > 0) {
      *time = static_cast<int64_t>(static_cast<uint64_t>(*time) -
                                   r_.rice(time_k_) * static_cast<uint64_t>(unit_ns()));
    }
    const Transaction& x = transactions_[t];
    out->time_ns = *time;
    out->device = context_.device_rows ? context_.device : 0;
    out->originator = x.originator;
    out->target = x.target;
    out->counter = x.counter;
    out->symbol[at(SymbolClass::kUser)] = tables_[at(SymbolClass::kUser)].codes[x.user];
    out->symbol[at(SymbolClass::kService)] = tables_[at(SymbolClass::kService)].codes[service_];
    out->symbol[at(SymbolClass::kDevice)] = tables_[at(SymbolClass::kDevice)].codes[device];
    out->symbol[at(SymbolClass::kOutcome)] = tables_[at(SymbolClass::kOutcome)].codes[outcome];
    out->decimals = one_precision_ ? precision_ : static_cast<uint8_t>(r_.get(4));
    const bool fp = fp_mode_ == kFpAll || (fp_mode_ == kFpMixed && r_.get(1) != 0);
    out->fingerprint = fp ? static_cast<uint16_t>(r_.get(16)) : 0;
    out->flags = static_cast<uint8_t>(x.ids | (fp ? kRowHasFingerprint : 0) |
                                      (context_.device_rows ? kRowHasDevice : 0));
    return r_.ok() && out->decimals <= 9;
  }

  uint32_t link(uint32_t previous) {
    if (r_.get(1) == 0) return previous;
    if (seen_ < transactions_n_ && r_.get(1) != 0) return seen_;
    const uint32_t t = static_cast<uint32_t>(r_.get(index_bits(seen_)));
    return t < seen_ ? t : transactions_n_;  // the latter: refused by the caller
  }

  bool transaction(Transaction* t) {
    t->user = index(SymbolClass::kUser);
    t->service = index(SymbolClass::kService);
    if (t->user >= tables_[at(SymbolClass::kUser)].n) return false;
    t->ids = kRowRequestFlags;
    t->originator = t->target = t->counter = 0;
    if (!usual_ids_) ids(t);
    if (!(t->ids & kRowHasRequest)) return r_.ok();
    uint64_t& last = counter_of_user_[t->user];
    t->counter =
        last == 0 ? r_.sized() : last - static_cast<uint64_t>(unzigzag(r_.rice(counter_k_)));
    last = t->counter;
    return r_.ok();
  }

  void ids(Transaction* t) {
    switch (static_cast<IdKind>(r_.get(2))) {
      case kIdNone:
        t->ids = 0;
        return;
      case kIdUsual:
        return;
      case kIdLastTarget:
        t->ids = kRowHasRequest | kRowOriginatorIsUser;
        t->target = last_target_;
        return;
      case kIdFull:
        break;
    }
    t->ids = kRowHasRequest;
    if (r_.get(1) != 0) {
      t->ids |= kRowOriginatorIsUser;
    } else {
      t->originator = r_.get(64);
    }
    if (r_.get(1) != 0) {
      t->ids |= kRowTargetIsDevice;
    } else {
      t->target = last_target_ = r_.get(64);
    }
  }

  const ChunkContext& context_;
  BitReader r_;
  LiteralTable* literals_;
  std::array<Table, kSymbolClasses> tables_;
  std::array<Transaction, kChunkRowsMax> transactions_;
  std::array<uint64_t, kChunkRowsMax> counter_of_user_;
  uint32_t n_ = 0, unit_ = 0, time_k_ = 0, fp_mode_ = 0, transactions_n_ = 0, seen_ = 0,
           counter_k_ = 0;
  uint32_t service_ = 0;
  uint64_t last_target_ = 0;
  int64_t newest_ = 0, oldest_ = 0;
  uint8_t precision_ = 0;
  bool one_precision_ = true, usual_ids_ = true, one_service_ = true;
};

}  // namespace

void encode_row_chunk(const ChunkContext& context, std::span<const CodedRow> rows,
                      const LiteralTable& literals, std::string* out) {
  SATINDEX_INVARIANT(!rows.empty() && rows.size() <= kChunkRowsMax,
                     "a row chunk has 1 to kChunkRowsMax rows");
  Encoder(context, rows, literals, out).run();
}

bool decode_row_chunk(const ChunkContext& context, std::string_view bytes,
                      std::vector<CodedRow>* rows, LiteralTable* literals, int64_t not_before) {
  Decoder d(context, bytes, literals);
  return d.head() && d.rows(not_before, rows);
}

bool read_row_chunk_header(const ChunkContext& context, std::string_view bytes,
                           RowChunkHeader* header) {
  Decoder d(context, bytes, nullptr);
  if (!d.head()) return false;
  d.fill(header);
  return true;
}

}  // namespace satindex::store
