"""Why a picture gets its verdict, and a drawing of that."""
