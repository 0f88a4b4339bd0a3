//! What a power cut leaves of a file whose last bytes were not synced.
//!
//! A sync promises the bytes before it, nothing else. Of what came after, the disk may hold all, none, a prefix, or some
//! sectors and zeros between them; a truncation may not have happened yet. A journaling file system orders the change
//! of length before what is written into the new space, so old bytes never show up behind new ones.

use super::chance::Chance;

/// Writes reach a disk in units of this size.
pub const SECTOR_BYTES: usize = 512;

/// The crash image of a file.
///
/// `durable` is its content at the last sync, `volatile` its content now, and the first `common` bytes, the shortest length
/// since the sync, are the same in both. Without `chance` nothing unsynced survives.
#[must_use]
pub fn crash_image(
    durable: &[u8],
    volatile: &[u8],
    common: usize,
    chance: Option<&mut Chance>,
) -> Vec<u8> {
    let Some(chance) = chance else {
        return durable.to_vec();
    };
    if chance.one_in(4) {
        return durable.to_vec();
    }
    let kept = common + chance.below(volatile.len().saturating_sub(common) + 1);
    let mut image = volatile.get(..kept).unwrap_or(volatile).to_vec();
    if chance.one_in(2) {
        zero_some_sectors(&mut image, common, chance);
    }
    image
}

/// The length reached the disk, some of the data did not.
fn zero_some_sectors(image: &mut [u8], common: usize, chance: &mut Chance) {
    for (number, sector) in image.chunks_mut(SECTOR_BYTES).enumerate() {
        let synced = common.saturating_sub(number * SECTOR_BYTES);
        if let Some(unsynced) = sector.get_mut(synced..).filter(|bytes| !bytes.is_empty())
            && chance.one_in(3)
        {
            unsynced.fill(0);
        }
    }
}
