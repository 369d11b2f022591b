//! The entries of a set, in the order in which they were added.

use std::iter::FusedIterator;

use indexmap::set;

use super::{AllowedHost, AllowedHosts};

/// The entries of [`AllowedHosts`], by [`AllowedHosts::iter`].
#[derive(Debug, Clone)]
pub struct AllowedHostsIter<'a>(pub(super) set::Iter<'a, AllowedHost>);

/// The entries of [`AllowedHosts`], by value.
#[derive(Debug, Clone)]
pub struct AllowedHostsIntoIter(set::IntoIter<AllowedHost>);

macro_rules! forward {
    ([$($generics:tt)*] $name:ty, $item:ty) => {
        impl<$($generics)*> Iterator for $name {
            type Item = $item;

            fn next(&mut self) -> Option<Self::Item> {
                self.0.next()
            }

            fn size_hint(&self) -> (usize, Option<usize>) {
                self.0.size_hint()
            }
        }

        impl<$($generics)*> DoubleEndedIterator for $name {
            fn next_back(&mut self) -> Option<Self::Item> {
                self.0.next_back()
            }
        }

        impl<$($generics)*> ExactSizeIterator for $name {}

        impl<$($generics)*> FusedIterator for $name {}
    };
}

forward!(['a] AllowedHostsIter<'a>, &'a AllowedHost);
forward!([] AllowedHostsIntoIter, AllowedHost);

impl IntoIterator for AllowedHosts {
    type Item = AllowedHost;
    type IntoIter = AllowedHostsIntoIter;

    fn into_iter(self) -> Self::IntoIter {
        AllowedHostsIntoIter(self.entries.into_iter())
    }
}

impl<'a> IntoIterator for &'a AllowedHosts {
    type Item = &'a AllowedHost;
    type IntoIter = AllowedHostsIter<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
