//! The seven methods by name.

/// A linkage method, by SciPy's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// Distance of the nearest members.
    Single,
    /// Distance of the farthest members.
    Complete,
    /// Mean distance over all pairs of members (UPGMA).
    Average,
    /// Mean of the two merged clusters' distances, whatever their sizes (WPGMA).
    Weighted,
    /// Growth of the within-cluster variance.
    Ward,
    /// Distance of the centroids (UPGMC); heights can go down.
    Centroid,
    /// Distance of the midpoints of merged centroids (WPGMC); heights can go down.
    Median,
}

impl Method {
    /// All seven.
    pub const ALL: [Self; 7] =
        [Self::Single, Self::Complete, Self::Average, Self::Weighted, Self::Ward, Self::Centroid, Self::Median];

    /// SciPy's name for it, in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Complete => "complete",
            Self::Average => "average",
            Self::Weighted => "weighted",
            Self::Ward => "ward",
            Self::Centroid => "centroid",
            Self::Median => "median",
        }
    }

    /// Whether no merger comes nearer to a third cluster than the nearer of its parts was (so that heights never go
    /// down). Centroid and median are not.
    #[must_use]
    pub fn is_reducible(self) -> bool {
        !matches!(self, Self::Centroid | Self::Median)
    }
}

impl std::fmt::Display for Method {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is none of the seven.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no linkage method: use single, complete, average, weighted, ward, centroid or median")]
pub struct UnknownMethod(String);

impl std::str::FromStr for Method {
    type Err = UnknownMethod;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|m| m.name() == name).ok_or_else(|| UnknownMethod(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_scipys_and_read_back() {
        for method in Method::ALL {
            assert_eq!(method.to_string().parse(), Ok(method));
        }
        let error = "upgma".parse::<Method>().unwrap_err();
        assert!(error.to_string().contains("`upgma`") && error.to_string().contains("average"), "{error}");
    }
}
